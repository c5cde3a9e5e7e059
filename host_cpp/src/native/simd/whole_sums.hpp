// Sums as they are, in place of elements of C: loops that compilers make whole vectors of, GCC from
// O3 on.
#ifndef __clang__
#pragma GCC push_options
#pragma GCC optimize("O3")
#endif

namespace xfblas {
namespace {

// What is wide is high * 2^16 and the low 16 bits of low, see wide_sums.hpp.
void store_sums(Reach reach, int rows, int columns, const SumsOfTile& sums, int64_t* c,
                ptrdiff_t ldc) {
  for (int i = 0; i < rows; ++i, c += ldc) {
    const int32_t *low = sums.low + i * tile_stride, *high = sums.high + i * tile_stride;
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

// Whatever their reach: all of a sum is there.
inline void store_sums(Reach, int rows, int columns, const SumsOfBytes& sums, int64_t* c,
                       ptrdiff_t ldc) {
  for (int i = 0; i < rows; ++i, c += ldc)
    for (int j = 0; j < columns; ++j) {
      const int at = i * tile_columns + j;
      int64_t sum = sums.low[at];
      if (sums.middle) sum += int64_t(sums.middle[at]) * 256;
      if (sums.high) sum += int64_t(sums.high[at]) * 65536;
      c[j] = sum;
    }
}

}  // namespace
}  // namespace xfblas
#ifndef __clang__
#pragma GCC pop_options
#endif
