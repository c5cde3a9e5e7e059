// Passes the sums of a tile up a chain beside the array, in the order of C's rows.
//
// Each link sends its own row of a strip, then hands on those of the rows below it. The rows
// below finish later, by as much as A and B take to get there, and so the wait costs nothing.
// Rows beyond m are dropped here.
#ifndef XFBLAS_COLLECT_HPP
#define XFBLAS_COLLECT_HPP

#include "tile.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

template <class E>
void collect(Problem problem, int row, stream<typename E::SumVector>& own,
             stream<typename E::SumVector>& below, stream<typename E::SumVector>& above) {
  const uint64_t tiles = tile_count<E>(problem);
  Tile tile = tile_at<E>(problem, 0, 0);
tiles:
  for (uint64_t i = 0; i < tiles; ++i) {
  strips:
    for (uint32_t strip = 0; strip < tile.row_strips; ++strip) {
      const uint32_t rows =
          smaller(E::array_rows, tile.rows - strip * E::array_rows);
      const uint32_t first = uint32_t(row);
      const uint32_t rows_below = rows > first + 1 ? rows - first - 1 : 0;
      const uint32_t own_count = tile.column_strips;
    vectors:
      for (uint32_t v = 0; v < own_count * (1 + rows_below); ++v) {
#pragma HLS PIPELINE II=1
        const typename E::SumVector sums = v < own_count ? own.read() : below.read();
        if (first < rows) above.write(sums);
      }
    }
    tile = tile_after<E>(problem, tile);
  }
}

}  // namespace xfblas

#endif
