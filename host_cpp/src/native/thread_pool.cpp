#include "native/thread_pool.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "error.hpp"
#include "process_state.hpp"

namespace xfblas {
namespace {

// About 50 microseconds: as long as it takes to wake a thread that sleeps.
constexpr int looks_before_sleep = 2000;

inline void pause() {
#ifdef __x86_64__
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

int allowed_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, int(std::thread::hardware_concurrency()));
}

// Keeps this thread off a CPU, where the process may use another one. Where threads of other
// libraries spin on all others, as numpy's do for a while after a product, a worker wakes on the
// CPU of the caller, and stays there: then both take turns.
void keep_off(int cpu) {
  cpu_set_t others;
  if (sched_getaffinity(getpid(), sizeof others, &others) != 0) return;
  CPU_CLR(cpu, &others);
  if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof others, &others);
}

int wanted_threads() {
  const char* text = std::getenv("XFBLAS_NUM_THREADS");
  if (!text || !*text) return allowed_cpus();
  char* end = nullptr;
  const long threads = std::strtol(text, &end, 10);
  require(*end == 0 && threads >= 1 && threads <= 1024, XFBLAS_STATUS_INVALID_VALUE,
          "XFBLAS_NUM_THREADS is ", text, ", expected a number from 1 to 1024");
  return int(threads);
}

}  // namespace

ThreadPool::ThreadPool() : threads_(wanted_threads()) {}

ThreadPool& ThreadPool::shared() { return ProcessState<ThreadPool>::get(); }

void ThreadPool::start_workers() {
  // Where the system gives no more threads, those that started do.
  try {
    while (int(workers_.size()) < threads_ - 1) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
  }
}

void ThreadPool::run(int64_t tasks, const std::function<void(int64_t)>& body) {
  std::unique_lock<std::mutex> mine(in_use_, std::defer_lock);
  if (tasks <= 1 || threads_ == 1 || !mine.try_lock()) {
    for (int64_t task = 0; task < tasks; ++task) body(task);
    return;
  }
  start_workers();
  body_ = &body;
  tasks_ = tasks;
  failure_ = nullptr;
  next_ = 0;
  is_open_ = true;
  cpu_of_caller_ = sched_getcpu();
  ++jobs_;
  if (sleeping_ > 0) {
    const std::lock_guard<std::mutex> lock(sleep_mutex_);
    wake_.notify_all();
  }
  take_tasks();
  // Who has not come by now need not come; who has is waited for.
  is_open_ = false;
  for (int looks = 0; inside_ > 0; ++looks) {
    if (looks < looks_before_sleep) pause();
    else std::this_thread::yield();
  }
  if (const auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
}

void ThreadPool::take_tasks() {
  for (auto task = next_++; task < tasks_; task = next_++) {
    try {
      (*body_)(task);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(failure_mutex_);
      if (failure_ && failed_task_ < task) continue;
      failure_ = std::current_exception();
      failed_task_ = task;
    }
  }
}

void ThreadPool::work() {
  uint64_t seen = 0;
  for (;;) {
    for (int looks = 0; jobs_ == seen; ++looks) {
      if (looks < looks_before_sleep) {
        pause();
        continue;
      }
      std::unique_lock<std::mutex> lock(sleep_mutex_);
      ++sleeping_;
      wake_.wait(lock, [&] { return jobs_ != seen; });
      --sleeping_;
    }
    seen = jobs_;
    if (const int cpu = sched_getcpu(); cpu == cpu_of_caller_) keep_off(cpu);
    ++inside_;
    if (is_open_) take_tasks();
    --inside_;
  }
}

}  // namespace xfblas
