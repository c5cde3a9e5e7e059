// The kernels for CPUs with AMX, compiled for it whatever the rest is compiled for.
#include "native/kernels.hpp"
#include "native/simd/includes.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#ifdef __clang__
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,amx-tile,amx-int8"))), \
    apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,prefer-vector-width=512")
#endif
#define XFBLAS_VNNI
#define XFBLAS_TILES
#ifdef XFBLAS_TILE_TWIN  // of tests
#include "native/simd/tile_registers_twin.hpp"
#else
#include "native/simd/tile_registers.hpp"
#endif
#include "native/simd/avx512.hpp"
#include "native/simd/avx512_convert.hpp"
#include "native/simd/table.hpp"

namespace xfblas {
const Kernels* amx_kernels() {
  static constexpr Kernels table = table_of("amx", true);
  return &table;
}
}  // namespace xfblas
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
namespace xfblas {
const Kernels* amx_kernels() { return nullptr; }
}  // namespace xfblas
#endif
