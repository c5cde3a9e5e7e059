// The kernels for CPUs with AVX512, compiled for it whatever the rest is compiled for.
#include "native/kernels.hpp"
#include "native/simd/includes.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
#endif
#include "native/simd/avx512.hpp"
#include "native/simd/avx512_convert.hpp"
#include "native/simd/table.hpp"

namespace xfblas {
const Kernels* avx512_kernels() {
  static constexpr Kernels table = table_of("avx512", false);
  return &table;
}
}  // namespace xfblas
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
namespace xfblas {
const Kernels* avx512_kernels() { return nullptr; }
}  // namespace xfblas
#endif
