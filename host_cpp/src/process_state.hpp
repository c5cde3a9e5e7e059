// State of this process alone. Where a thread held a mutex while the process forked, the child has
// the locked mutex and no thread that could unlock it.
#ifndef XFBLAS_PROCESS_STATE_HPP
#define XFBLAS_PROCESS_STATE_HPP

#include <pthread.h>

#include <atomic>

namespace xfblas {

template <typename State>
class ProcessState {
 public:
  // Made at its first use. A child of a fork gets one of its own and leaves its parent's alone,
  // which is as some thread had it; never destroyed, because threads may outlive main's statics.
  static State& get() {
    (void)registered;
    if (auto* found = current.load(std::memory_order_acquire)) return *found;
    auto* made = new State;
    State* found = nullptr;
    if (current.compare_exchange_strong(found, made)) return *made;
    delete made;
    return *found;
  }

 private:
  static inline std::atomic<State*> current{nullptr};
  // When the library is loaded, so that no fork can come while another thread registers it.
  static inline const int registered =
      pthread_atfork(nullptr, nullptr, [] { current = nullptr; });
};

}  // namespace xfblas

#endif
