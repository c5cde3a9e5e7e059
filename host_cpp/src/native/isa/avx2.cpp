// The kernels for CPUs with AVX2, compiled for it whatever the rest is compiled for.
#include "native/kernels.hpp"
#include "native/simd/includes.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#include "native/simd/avx2.hpp"
#include "native/simd/avx2_convert.hpp"
#include "native/simd/table.hpp"

namespace xfblas {
const Kernels* avx2_kernels() {
  static constexpr Kernels table = table_of("avx2", false);
  return &table;
}
}  // namespace xfblas
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
namespace xfblas {
const Kernels* avx2_kernels() { return nullptr; }
}  // namespace xfblas
#endif
