#include "native/statistics.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "native/blas.hpp"
#include "native/thread_pool.hpp"

namespace xfblas {

Statistics& Statistics::shared() {
  static Statistics statistics;
  return statistics;
}

bool explains() {
  static const char* const asked = std::getenv("XFBLAS_VERBOSE");
  return asked && asked[0] == '1';
}

void explain_float(int64_t m, int64_t k, int64_t n) {
  const auto path = blas_path();
  std::fprintf(stderr, "xfblas: float32 %lld x %lld x %lld by %s\n", static_cast<long long>(m),
               static_cast<long long>(k), static_cast<long long>(n),
               path.empty() ? "plain loops, for no BLAS library was found" : path.c_str());
}

void explain(const Kernels& kernels, const IntegerProduct& product, const PathCounts& counts,
             const char* packing) {
  static const char* const reasons[sum_paths] = {
      "low 32 bits are enough", "sums proved to fit 32 bits", "blocks of k proved to fit 32 bits",
      "48 bits by an estimate from high bytes", "48 bits by a split operand",
      "all bits by products of bytes on tiles",
      "Winograd's F(4x4, 3x3)"};
  std::string ways;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i])
      ways += "; " + std::to_string(counts[i]) + (counts[i] == 1 ? " block: " : " blocks: ") +
              reasons[i];
  std::fprintf(stderr, "xfblas: int%d %lld x %lld x %lld on %s, %d threads, B %s%s\n",
               8 * product.element_bytes(), static_cast<long long>(product.m),
               static_cast<long long>(product.k), static_cast<long long>(product.n), kernels.name,
               ThreadPool::shared().threads(), packing, ways.c_str());
}

}  // namespace xfblas
