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
  const uint64_t tiles = tile_count<E>(task.problem);
  Tile tile = tile_at<E>(task.problem, 0, 0);
  BUnpacker unpacker;
tiles:
  for (uint64_t i = 0; i < tiles; ++i) {
  chunks:
    for (uint32_t chunk = 0; chunk < chunk_count<E>(task.problem); ++chunk) {
      const uint32_t length = chunk_length<E>(task.problem, chunk * E::chunk);
      const uint32_t width = tile.column_strips * E::array_columns;
      unpacker.begin(task.b.is_packed ? uint64_t(length) * width : 0);
      uint32_t column_strip = 0;
    vectors:
      for (uint32_t v = 0; v < length * tile.column_strips; ++v) {
#pragma HLS PIPELINE II=BUnpacker::words_of_a_vector
        // Rows of a row-major B each begin at a word of their own, packed rows follow closely.
        if (!task.b.is_packed && column_strip == 0) unpacker.begin(tile.columns);
        vectors.write(unpacker.next(words));
        if (++column_strip == tile.column_strips) column_strip = 0;
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
  const uint64_t tiles = tile_count<E>(problem);
  Tile tile = tile_at<E>(problem, 0, 0);
tiles:
  for (uint64_t i = 0; i < tiles; ++i) {
    uint32_t row_strip = 0, column_strip = 0;
  vectors:
    for (uint64_t v = 0; v < uint64_t(problem.k) * tile.strips(); ++v) {
#pragma HLS PIPELINE II=1
      const typename E::BVector vector = row_strip == 0 ? vectors.read() : held[column_strip];
      held[column_strip] = vector;
      out.write(vector);
      if (++column_strip == tile.column_strips) {
        column_strip = 0;
        if (++row_strip == tile.row_strips) row_strip = 0;
      }
    }
    tile = tile_after<E>(problem, tile);
  }
}

}  // namespace xfblas

#endif
