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
#pragma HLS FUNCTION_INSTANTIATE variable=row
  const bool is_last = row == E::array_rows - 1;  // has nothing below it
  Tile tile = tile_at<E>(problem, 0, 0);
tiles:
  for (uint32_t i = 0; i < problem.tiles; ++i) {
  strips:
    for (uint8_t strip = 0; strip < tile.row_strips; ++strip) {
      const uint16_t rows = uint16_t(smaller(E::array_rows, tile.rows - strip * E::array_rows));
      const uint16_t first = uint16_t(row);
      // Its own row's sums, then those of the rows below that count.
      uint16_t from = first;
      uint8_t column_strip = 0;
    vectors:
      while (from == first || from < rows) {
#pragma HLS PIPELINE II=1
        const bool is_own = is_last || from == first;
        const typename E::SumVector sums = is_own ? own.read() : below.read();
        if (first < rows) above.write(sums);
        if (++column_strip == tile.column_strips) {
          column_strip = 0;
          ++from;
        }
      }
    }
    tile = tile_after<E>(problem, tile);
  }
}

}  // namespace xfblas

#endif
