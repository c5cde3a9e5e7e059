// What the simulation holds from one dataflow region of a launch to the next.
//
// It lives in the call that runs the kernel, and the thread only points to it: a thread_local
// object with a destructor would keep the library from being unloaded.
#ifndef XFBLAS_SIMULATION_LAUNCH_HPP
#define XFBLAS_SIMULATION_LAUNCH_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stack.hpp"

namespace xfblas {
namespace simulation {

class Dataflow;

// The cycles in which one process worked, kept for whoever asks after the launch.
struct Span {
  std::string process;
  uint64_t first, last;
};

class Launch {
 public:
  // memory_pages: 0 where the memory's size is what the platform says.
  explicit Launch(uint64_t memory_pages = 0, bool keeps_spans = false)
      : memory_pages(memory_pages), keeps_spans(keeps_spans), outer_(pointer()) {
    pointer() = this;
  }
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  ~Launch() { pointer() = outer_; }

  static bool exists() { return pointer() != nullptr; }
  static Launch& current() { return *pointer(); }

  // Stacks of processes that ended serve the next instruction's.
  Stack take_stack() {
    if (stacks_.empty()) return Stack();
    Stack stack = std::move(stacks_.back());
    stacks_.pop_back();
    return stack;
  }
  void keep_stack(Stack&& stack) { stacks_.push_back(std::move(stack)); }

  uint64_t now = 0;  // the launch's cycle
  const uint64_t memory_pages;
  Dataflow* region = nullptr;
  void* on_chip = nullptr;  // what a kernel keeps from one launch to the next, if it keeps any
  const bool keeps_spans;
  std::vector<Span> spans;

 private:
  static Launch*& pointer() {
    static thread_local Launch* launch = nullptr;
    return launch;
  }

  Launch* const outer_;
  std::vector<Stack> stacks_;
};

// A kernel that is called by its own name, and not by the library's entry, begins a launch itself.
class EnsureLaunch {
 public:
  EnsureLaunch() {
    if (!Launch::exists()) own_ = std::make_unique<Launch>();
  }

 private:
  std::unique_ptr<Launch> own_;
};

}  // namespace simulation

// The pages that a kernel may touch: those of the memory it was given, if that is known.
inline uint32_t memory_limit(uint32_t platform_pages) {
  const auto pages = simulation::Launch::current().memory_pages;
  return pages != 0 && pages < platform_pages ? uint32_t(pages) : platform_pages;
}

inline uint64_t simulated_now() { return simulation::Launch::current().now; }

}  // namespace xfblas

#define XFBLAS_LAUNCH() const ::xfblas::simulation::EnsureLaunch ensure_launch

#endif
