// What a thread's simulation holds from one dataflow region to the next. Threads share nothing.
#ifndef XFBLAS_SIMULATION_THREAD_HPP
#define XFBLAS_SIMULATION_THREAD_HPP

#include <cstdint>
#include <string>
#include <vector>

namespace xfblas {
namespace simulation {

class Dataflow;

// The cycles in which one process worked, kept for whoever asks after the launch.
struct Span {
  std::string process;
  uint64_t first, last;
};

struct Thread {
  uint64_t now = 0;           // the launch's cycle
  uint64_t memory_pages = 0;  // 0: the memory's size is what the platform says
  Dataflow* region = nullptr;
  bool keeps_spans = false;
  std::vector<Span> spans;

  static Thread& current() {
    static thread_local Thread thread;
    return thread;
  }
  void begin(bool with_spans) {
    now = 0;
    keeps_spans = with_spans;
    spans.clear();
  }
};

}  // namespace simulation

// The pages that a kernel may touch: those of the memory it was given, if that is known.
inline uint32_t memory_limit(uint32_t platform_pages) {
  const auto pages = simulation::Thread::current().memory_pages;
  return pages != 0 && pages < platform_pages ? uint32_t(pages) : platform_pages;
}

inline uint64_t simulated_now() { return simulation::Thread::current().now; }

}  // namespace xfblas

#endif
