// A process of the simulated dataflow, on a stack of its own.
//
// ucontext makes a fiber's first stack frame; every later switch is a _setjmp and a _longjmp,
// because swapcontext enters the operating system twice and a kernel switches millions of times.
#ifndef XFBLAS_SIMULATION_FIBER_HPP
#define XFBLAS_SIMULATION_FIBER_HPP

#include <setjmp.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "launch.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace xfblas {
namespace simulation {

class Fiber {
 public:
  Fiber(std::string name, std::function<void()> body)
      : name_(std::move(name)), body_(std::move(body)), stack_(Launch::current().take_stack()) {
    getcontext(&first_);
    first_.uc_stack.ss_sp = stack_.usable();
    first_.uc_stack.ss_size = Stack::usable_bytes();
    first_.uc_link = nullptr;
    const uint64_t self = reinterpret_cast<uintptr_t>(this);
    makecontext(&first_, reinterpret_cast<void (*)()>(&Fiber::enter), 2, unsigned(self >> 32),
                unsigned(self & 0xffffffffu));
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  // The stack of a process that did not end, after a deadlock, still holds its frames.
  ~Fiber() {
    if (done_) Launch::current().keep_stack(std::move(stack_));
  }

  // Runs the body until it pauses or ends.
  void resume() {
    void* fake_stack = nullptr;
    leave(&fake_stack, stack_.usable(), Stack::usable_bytes());
    if (_setjmp(scheduler_) == 0) {
      if (started_) _longjmp(paused_, 1);
      started_ = true;
      setcontext(&first_);
    }
    arrive(fake_stack);
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  // Called by the body: back to whoever resumed it.
  void pause() {
    void* fake_stack = nullptr;
    leave(&fake_stack, caller_stack_, caller_stack_bytes_);
    if (_setjmp(paused_) == 0) _longjmp(scheduler_, 1);
    arrive_in_fiber(fake_stack);
  }

  bool done() const { return done_; }
  const std::string& name() const { return name_; }

 private:
  static void enter(unsigned high, unsigned low) {
    auto* self = reinterpret_cast<Fiber*>(uintptr_t(uint64_t(high) << 32 | low));
    self->arrive_in_fiber(nullptr);
    try {
      self->body_();
    } catch (...) {
      self->failure_ = std::current_exception();
    }
    self->done_ = true;
    self->leave(nullptr, self->caller_stack_, self->caller_stack_bytes_);
    _longjmp(self->scheduler_, 1);
  }

  // AddressSanitizer has to hear of every change of stack.
#if defined(__SANITIZE_ADDRESS__)
  void leave(void** fake_stack, const void* bottom, size_t size) {
    __sanitizer_start_switch_fiber(fake_stack, bottom, size);
  }
  void arrive(void* fake_stack) { __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr); }
  void arrive_in_fiber(void* fake_stack) {
    __sanitizer_finish_switch_fiber(fake_stack, &caller_stack_, &caller_stack_bytes_);
  }
#else
  void leave(void**, const void*, size_t) {}
  void arrive(void*) {}
  void arrive_in_fiber(void*) {}
#endif

  std::string name_;
  std::function<void()> body_;
  Stack stack_;
  ucontext_t first_;
  jmp_buf scheduler_, paused_;
  const void* caller_stack_ = nullptr;
  size_t caller_stack_bytes_ = 0;
  std::exception_ptr failure_;
  bool started_ = false, done_ = false;
};

}  // namespace simulation
}  // namespace xfblas

#endif
