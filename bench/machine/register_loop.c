// How fast a core runs at this moment: a loop that touches registers alone, so that nothing but
// the core's clock and whoever shares the core can slow it down.

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { MAX_THREADS = 64, CHAINS = 12 };

typedef float Vector __attribute__((vector_size(64)));

typedef struct {
  atomic_int* waiting;
  long steps;
  double rate;
  float kept;  // the result, so that the loop cannot be left out
} Task;

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static void* run(void* argument) {
  Task* task = argument;
  Vector chains[CHAINS];
  Vector factor = {0}, addend = {0};
  factor += 0.5f;
  addend += (float)task->steps;
#pragma GCC unroll 16
  for (int i = 0; i < CHAINS; ++i) chains[i] = addend + (float)i;
  // All threads start together.
  atomic_fetch_sub(task->waiting, 1);
  while (atomic_load(task->waiting) > 0) {
  }
  double start = nanoseconds();
  for (long step = 0; step < task->steps; ++step) {
    // Unrolled, each chain is a register of its own.
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; ++i) chains[i] = chains[i] * factor + addend;
  }
  task->rate = (double)task->steps / (nanoseconds() - start);
#pragma GCC unroll 16
  for (int i = 1; i < CHAINS; ++i) chains[0] += chains[i];
  task->kept = chains[0][0];
  return 0;
}

// Steps per nanosecond of the slowest of so many threads; 0 where a thread cannot be started.
double register_loop(int threads, long steps) {
  pthread_t handles[MAX_THREADS];
  Task tasks[MAX_THREADS];
  atomic_int waiting = threads;
  if (threads < 1 || threads > MAX_THREADS) return 0;
  for (int i = 0; i < threads; ++i) tasks[i] = (Task){&waiting, steps, 0, 0};
  int started = 1;
  while (started < threads && !pthread_create(&handles[started], 0, run, &tasks[started])) {
    ++started;
  }
  atomic_fetch_sub(&waiting, threads - started);
  run(&tasks[0]);
  double slowest = tasks[0].rate;
  for (int i = 1; i < started; ++i) {
    pthread_join(handles[i], 0);
    if (tasks[i].rate < slowest) slowest = tasks[i].rate;
  }
  return started == threads ? slowest : 0;
}
