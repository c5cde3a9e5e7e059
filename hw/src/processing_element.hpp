// A row of the systolic array: array_columns multipliers that share one element of A.
//
// Columns of A and rows of B come from the neighbour above and go on to the one below, so that
// no wire is longer than one row. The sums of the row's strips stay here for all of k. The last
// k sends them away instead of keeping them, and the first k of the next tile starts from zero:
// the FIFO behind `sums_out` is the second buffer of C, and draining a tile hides behind the next.
#ifndef XFBLAS_PROCESSING_ELEMENT_HPP
#define XFBLAS_PROCESSING_ELEMENT_HPP

#include "tile.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

template <class E>
void processing_element(Problem problem, int row, stream<typename E::AVector>& a_in,
                        stream<typename E::AVector>& a_out, stream<typename E::BVector>& b_in,
                        stream<typename E::BVector>& b_out,
                        stream<typename E::SumVector>& sums_out) {
#pragma HLS FUNCTION_INSTANTIATE variable=row
  const bool is_last = row == E::array_rows - 1;
  typename E::SumVector sums[E::strips + E::has_zero];
#pragma HLS BIND_STORAGE variable=sums type=ram_s2p impl=lutram
#pragma HLS AGGREGATE variable=sums
  // What the first k adds to, where the memory has room for it: else every lane needs a gate.
  if (E::has_zero) sums[E::strips] = cleared<typename E::Accumulator, E::array_columns>();
  Tile tile = tile_at<E>(problem, 0, 0);
tiles:
  for (uint32_t i = 0; i < problem.tiles; ++i) {
    const uint16_t strips = tile.strips();
    // A small tile waits for its adders: it visits a sum only every update_interval cycles.
    const uint16_t slots = uint16_t(larger(strips, E::update_interval));
    uint32_t k = 0;
    uint16_t slot = 0;
    uint8_t column_strip = 0;
    typename E::Element a = 0;
  steps:
    while (k < problem.k) {
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=sums type=inter direction=RAW distance=E::update_interval dependent=true
      if (slot < strips) {
        if (column_strip == 0) {
          const typename E::AVector column = a_in.read();
          a = column.lane[0];
          if (!is_last) a_out.write(moved_down(column));
        }
        const typename E::BVector b = b_in.read();
        if (!is_last) b_out.write(b);
        const typename E::SumVector before = sums[E::has_zero && k == 0 ? E::strips : slot];
        typename E::SumVector after;
      multiply:
        for (int lane = 0; lane < E::array_columns; ++lane) {
#pragma HLS UNROLL
          const typename E::Accumulator sum =
              !E::has_zero && k == 0 ? typename E::Accumulator(0) : before.lane[lane];
          after.lane[lane] = E::Traits::multiply_add(sum, a, b.lane[lane]);
        }
        sums[slot] = after;
        if (k + 1 == problem.k) sums_out.write(after);
        if (++column_strip == tile.column_strips) column_strip = 0;
      } else {
        spend(1);
      }
      if (++slot == slots) {
        slot = 0;
        ++k;
      }
    }
    tile = tile_after<E>(problem, tile);
  }
}

}  // namespace xfblas

#endif
