// Adds X and turns a row of sums into a row of C, one vector a cycle.
#ifndef XFBLAS_POST_PROCESS_HPP
#define XFBLAS_POST_PROCESS_HPP

#include "epilogue.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

template <class E>
void post_process(Task task, stream<typename E::Word>& table_words,
                  stream<typename E::SumVector>& sums_in, stream<typename E::XVector>& addends,
                  stream<typename E::BVector>& out) {
  // The bias of the tile's columns, kept for its other rows.
  typename E::XVector bias[E::column_strips];
#pragma HLS BIND_STORAGE variable=bias type=ram_2p impl=lutram
#pragma HLS AGGREGATE variable=bias
  TableOfLane<E> tables[E::array_columns];
#pragma HLS ARRAY_PARTITION variable=tables dim=1 type=complete
#pragma HLS BIND_STORAGE variable=tables type=ram_t2p impl=bram
  if (task.has_table) load_tables<E>(table_words, tables);
  Tile tile = tile_at<E>(task.problem, 0, 0);
tiles:
  for (uint32_t i = 0; i < task.problem.tiles; ++i) {
    uint16_t row = 0;
    uint8_t column_strip = 0;
  vectors:
    while (row < tile.rows) {
#pragma HLS PIPELINE II=1
      const typename E::SumVector sums = sums_in.read();
      typename E::XVector addend = {};
      if (task.has_x) {
        addend = task.bias_row && row > 0 ? bias[column_strip] : addends.read();
        bias[column_strip] = addend;
      }
      typename E::BVector c;
    lanes:
      for (int lane = 0; lane < E::array_columns; ++lane) {
#pragma HLS UNROLL
        c.lane[lane] = LaneEpilogue<E, E::Traits::is_float>::finish(
            sums.lane[lane], addend.lane[lane], task.epilogue, tables[lane]);
      }
      out.write(c);
      if (++column_strip == tile.column_strips) {
        column_strip = 0;
        ++row;
      }
    }
    tile = tile_after<E>(task.problem, tile);
  }
}

}  // namespace xfblas

#endif
