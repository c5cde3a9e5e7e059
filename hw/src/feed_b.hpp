// Rows of B for the array: for each k, the strips of the tile's columns, once per strip of rows.
#ifndef XFBLAS_FEED_B_HPP
#define XFBLAS_FEED_B_HPP

#include "task.hpp"
#include "unpack.hpp"

namespace xfblas {

// Vectors out of words. They wait for their use behind this process, not before it, because a
// vector of several words takes as many cycles and the array wants its vectors close together.
template <class E>
void unpack_b(Task task, stream<typename E::Word>& words, stream<typename E::BVector>& vectors) {
  using BUnpacker = Unpacker<E, E::array_columns>;
  Tile tile = tile_at<E>(task.problem, 0, 0);
  BUnpacker unpacker;
tiles:
  for (uint32_t i = 0; i < task.problem.tiles; ++i) {
  chunks:
    for (uint32_t left = task.problem.k; left > 0;) {
      const uint16_t length = chunk_length<E>(task.problem, left);
      left -= length;
      const uint16_t width = uint16_t(tile.column_strips * E::array_columns);
      unpacker.begin(task.b.is_packed ? uint32_t(length) * width : 0);
      uint16_t row = 0;
      uint8_t column_strip = 0;
    vectors:
      while (row < length) {
#pragma HLS PIPELINE II=BUnpacker::words_of_a_vector
        // Rows of a row-major B each begin at a word of their own, packed rows follow closely.
        if (!task.b.is_packed && column_strip == 0) unpacker.begin(tile.columns);
        vectors.write(unpacker.next(words));
        if (++column_strip == tile.column_strips) {
          column_strip = 0;
          ++row;
        }
      }
    }
    tile = tile_after<E>(task.problem, tile);
  }
}

template <class E>
void feed_b(Problem problem, stream<typename E::BVector>& vectors,
            stream<typename E::BVector>& out) {
  // Read from memory once for each k, then used for every strip of rows.
  typename E::BVector held[E::column_strips];
#pragma HLS BIND_STORAGE variable=held type=ram_2p impl=lutram
#pragma HLS AGGREGATE variable=held
  Tile tile = tile_at<E>(problem, 0, 0);
tiles:
  for (uint32_t i = 0; i < problem.tiles; ++i) {
    uint32_t k = 0;
    uint8_t row_strip = 0, column_strip = 0;
  vectors:
    while (k < problem.k) {
#pragma HLS PIPELINE II=1
      const typename E::BVector vector = row_strip == 0 ? vectors.read() : held[column_strip];
      held[column_strip] = vector;
      out.write(vector);
      if (++column_strip == tile.column_strips) {
        column_strip = 0;
        if (++row_strip == tile.row_strips) {
          row_strip = 0;
          ++k;
        }
      }
    }
    tile = tile_after<E>(problem, tile);
  }
}

}  // namespace xfblas

#endif
