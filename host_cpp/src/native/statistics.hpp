// How often each way of adding up was taken, since the process began.
#ifndef XFBLAS_NATIVE_STATISTICS_HPP
#define XFBLAS_NATIVE_STATISTICS_HPP

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "native/bounds.hpp"
#include "native/multiply.hpp"

namespace xfblas {

class Statistics {
 public:
  static Statistics& shared();

  void add(const PathCounts& counts) {
    for (size_t i = 0; i < counts.size(); ++i)
      if (counts[i]) blocks_[i] += counts[i];
  }
  uint64_t blocks(SumPath path) const { return blocks_[size_t(path)]; }

 private:
  std::array<std::atomic<uint64_t>, sum_paths> blocks_{};
};

// Whether XFBLAS_VERBOSE=1 asks to be told on standard error how products are computed.
bool explains();
void explain(const Kernels& kernels, const IntegerProduct& product, const PathCounts& counts,
             const char* packing);
void explain_float(int64_t m, int64_t k, int64_t n);

// Collects what threads counted.
class Counter {
 public:
  void add(const PathCounts& counts) {
    Statistics::shared().add(counts);
    if (!explains()) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    xfblas::add(counts_, counts);
  }
  void report(const Kernels& kernels, const IntegerProduct& product, const char* packing) const {
    if (explains()) explain(kernels, product, counts_, packing);
  }

 private:
  std::mutex mutex_;
  PathCounts counts_{};
};

}  // namespace xfblas

#endif
