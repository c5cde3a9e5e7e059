// What the kernels for AMX do, on any CPU: for tests.
#include "native/kernels.hpp"
#include "native/simd/includes.hpp"
#define XFBLAS_TILES
#include "native/simd/tile_registers_twin.hpp"
#include "native/simd/portable.hpp"
#include "native/simd/portable_convert.hpp"
#include "native/simd/table.hpp"

namespace xfblas {
const Kernels* amx_twin_kernels() {
  static constexpr Kernels table = table_of("amx_twin", false);
  return &table;
}
}  // namespace xfblas
