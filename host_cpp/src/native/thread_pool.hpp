// The threads that share this process's products.
//
// One pool for all devices and compute units: while one product has it, others run on the threads
// that called them, so there are never more busy threads than callers and pool together need.
#ifndef XFBLAS_NATIVE_THREAD_POOL_HPP
#define XFBLAS_NATIVE_THREAD_POOL_HPP

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace xfblas {

template <typename State>
class ProcessState;

class ThreadPool {
 public:
  // The process's pool, of XFBLAS_NUM_THREADS threads with the caller's, by default one for each
  // CPU this process may use. After a fork the child gets one of its own.
  static ThreadPool& shared();

  int threads() const { return threads_; }

  // Calls body(task) for every task from 0 to tasks-1, on this thread and on those that wake in
  // time, and returns when all are done. Where some fail, the failure of the first of them is
  // thrown here once the others ended.
  void run(int64_t tasks, const std::function<void(int64_t)>& body);

 private:
  friend class ProcessState<ThreadPool>;
  ThreadPool();
  void start_workers();
  void work();
  void take_tasks();

  const int threads_;
  std::mutex in_use_;  // by one product at a time
  std::vector<std::thread> workers_;

  // The job. It is written while no worker is inside, and read by workers that found it open.
  const std::function<void(int64_t)>* body_ = nullptr;
  int64_t tasks_ = 0;
  std::exception_ptr failure_;
  int64_t failed_task_ = 0;
  std::mutex failure_mutex_;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> is_open_{false};
  std::atomic<int> inside_{0};
  std::atomic<int> cpu_of_caller_{-1};
  std::atomic<uint64_t> jobs_{0};

  // Workers wait here once they have looked for a new job long enough.
  std::mutex sleep_mutex_;
  std::condition_variable wake_;
  std::atomic<int> sleeping_{0};
};

// How many threads share so many multiplications.
inline int64_t threads_for(int64_t multiplications) {
  // Fewer are done sooner than another thread wakes (measured).
  constexpr int64_t worth_waking = 1 << 20;
  return multiplications < worth_waking ? 1 : ThreadPool::shared().threads();
}

// The tasks on this thread alone where `threads` is 1, else on the pool's.
template <typename Body>
void run_tasks(int64_t threads, int64_t tasks, const Body& body) {
  if (threads > 1) return ThreadPool::shared().run(tasks, std::cref(body));
  for (int64_t task = 0; task < tasks; ++task) body(task);
}

}  // namespace xfblas

#endif
