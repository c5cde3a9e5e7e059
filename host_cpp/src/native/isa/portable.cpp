// The kernels for any CPU.
#include "native/kernels.hpp"
#include "native/simd/includes.hpp"
#include "native/simd/portable.hpp"
#include "native/simd/portable_convert.hpp"
#include "native/simd/table.hpp"

namespace xfblas {
const Kernels* portable_kernels() {
  static constexpr Kernels table = table_of("portable", false);
  return &table;
}
}  // namespace xfblas
