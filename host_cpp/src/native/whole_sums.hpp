// Sums as they are, in place of elements of C.
#ifndef XFBLAS_NATIVE_WHOLE_SUMS_HPP
#define XFBLAS_NATIVE_WHOLE_SUMS_HPP

#include <cstdint>

#include "native/kernels.hpp"

namespace xfblas {

// A tile's rows are `width` apart, those of C `ldc`. What is wide is high * 2^16 and the low 16 bits
// of low, see simd/wide_sums.hpp.
inline void store_whole_sums(Reach reach, int rows, int columns, const SumsOfTile& sums, int width,
                             int64_t* c, ptrdiff_t ldc) {
  for (int i = 0; i < rows; ++i, c += ldc) {
    const int32_t *low = sums.low + i * width, *high = sums.high + i * width;
    if (reach == Reach::wide)
      for (int j = 0; j < columns; ++j) c[j] = int64_t(high[j]) * 65536 + (low[j] & 0xffff);
    else if (sums.column_offsets)
      // The offsets wrap as the sums do, and together they are the sum.
      for (int j = 0; j < columns; ++j)
        c[j] = int32_t(uint32_t(low[j]) + uint32_t(sums.column_offsets[j]));
    else
      for (int j = 0; j < columns; ++j) c[j] = low[j];
  }
}

}  // namespace xfblas

#endif
