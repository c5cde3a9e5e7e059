// The kernels for CPUs with AVX512_VNNI, compiled for it whatever the rest is compiled for.
#include "native/kernels.hpp"
#include "native/simd/includes.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#ifdef __clang__
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,prefer-vector-width=512")
#endif
#define XFBLAS_VNNI
#include "native/simd/avx512.hpp"
#include "native/simd/avx512_convert.hpp"
#include "native/simd/table.hpp"

namespace xfblas {
const Kernels* avx512_vnni_kernels() {
  static constexpr Kernels table = table_of("avx512_vnni", true);
  return &table;
}
}  // namespace xfblas
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
namespace xfblas {
const Kernels* avx512_vnni_kernels() { return nullptr; }
}  // namespace xfblas
#endif
