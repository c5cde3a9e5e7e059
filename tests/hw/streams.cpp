// Small regions that do what kernels must not; prints what the simulation says of them.
#include "xfblas/stream.hpp"

#include <cstdio>
#include <cstring>
#include <stdexcept>

using xfblas::stream;

namespace {

constexpr int items = 5;

void write_one_after_the_other(stream<int>& first, stream<int>& second) {
  for (int i = 0; i < items; ++i) first.write(i);
  for (int i = 0; i < items; ++i) second.write(i);
}

void read_in_turns(stream<int>& first, stream<int>& second, int* sum) {
  for (int i = 0; i < items; ++i) *sum += first.read() + second.read();
}

// Deadlocks where `first` holds fewer items than the reader leaves in it.
template <int depth>
int in_turns() {
  int sum = 0;
  XFBLAS_DATAFLOW("in_turns");
  stream<int, depth> first("first");
  stream<int, 2> second("second");
  XFBLAS_PROCESS(write_one_after_the_other, first, second);
  XFBLAS_PROCESS(read_in_turns, first, second, &sum);
  XFBLAS_DATAFLOW_END();
  return sum;
}

void count_to(int count, stream<int>& out) {
  for (int i = 0; i < count; ++i) out.write(i);
}
void pass_on(int count, stream<int>& in, stream<int>& out) {
  for (int i = 0; i < count; ++i) out.write(in.read());
}
void take(int count, stream<int>& in, uint64_t* last) {
  for (int i = 0; i < count; ++i) in.read();
  *last = xfblas::simulation::Launch::current().region->running().now;
}

void forget_the_last() {
  uint64_t last = 0;
  XFBLAS_DATAFLOW("forget_the_last");
  stream<int, 4> numbers("numbers");
  XFBLAS_PROCESS(count_to, items, numbers);
  XFBLAS_PROCESS(take, items - 1, numbers, &last);
  XFBLAS_DATAFLOW_END();
}

// Cycles of a chain: one item a cycle, and a stream's latency at each of the two links.
template <int depth>
uint64_t chain(int count) {
  uint64_t last = 0;
  XFBLAS_DATAFLOW("chain");
  stream<int, depth> first("first"), second("second");
  XFBLAS_PROCESS(count_to, count, first);
  XFBLAS_PROCESS(pass_on, count, first, second);
  XFBLAS_PROCESS(take, count, second, &last);
  XFBLAS_DATAFLOW_END();
  return last;
}

void fail(int) { throw std::runtime_error("a process failed"); }
void failing_process() {
  XFBLAS_DATAFLOW("failing_process");
  XFBLAS_PROCESS(fail, 0);
  XFBLAS_DATAFLOW_END();
}

}  // namespace

int main(int, char** arguments) {
  const char* what = arguments[1];
  const xfblas::simulation::Launch launch;
  try {
    if (!std::strcmp(what, "deadlock")) std::printf("%d\n", in_turns<3>());
    if (!std::strcmp(what, "deep_enough")) std::printf("%d\n", in_turns<4>());
    if (!std::strcmp(what, "leftover")) forget_the_last();
    if (!std::strcmp(what, "failure")) failing_process();
    if (!std::strcmp(what, "cycles")) {
      const auto few = chain<8>(10);
      std::printf("%llu", static_cast<unsigned long long>(few));
      xfblas::simulation::Launch::current().now = 0;
      std::printf(" %llu\n", static_cast<unsigned long long>(chain<8>(1010)));
    }
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
  return 0;
}
