// Vectors of C become words.
#ifndef XFBLAS_PACK_HPP
#define XFBLAS_PACK_HPP

#include "task.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

// Joins pieces of words, whose first lanes count, into whole ones.
template <class E>
class Joiner {
 public:
  // Whether that made one whole.
  bool add(const typename E::Word& piece, uint32_t count, stream<typename E::Word>& out) {
#pragma HLS INLINE
    const typename E::Word turned = rotated_up(piece, int(filled_));
    typename E::Word word = turned;
  lanes:
    for (uint32_t lane = 0; lane < uint32_t(E::word_lanes); ++lane) {
#pragma HLS UNROLL
      if (lane < filled_) word.lane[lane] = held_.lane[lane];
    }
    filled_ += count;
    const bool is_full = filled_ >= uint32_t(E::word_lanes);
    if (is_full) {
      out.write(word);
      filled_ -= E::word_lanes;
    }
    held_ = is_full ? turned : word;
    return is_full;
  }
  // What is left, as a word of its own.
  void end(stream<typename E::Word>& out) {
#pragma HLS INLINE
    if (filled_ > 0) out.write(held_);
    filled_ = 0;
  }

 private:
  typename E::Word held_ = {};
  uint32_t filled_ = 0;
};

// Pixels that lie end to end: those of a row of the map are one span of words.
template <class E>
void pack_pixels(const Walk& walk, Pixel at, const Tile& tile, stream<typename E::BVector>& vectors,
                 stream<typename E::Word>& words) {
#pragma HLS INLINE off
  constexpr int piece = E::array_columns < E::word_lanes ? E::array_columns : E::word_lanes;
  constexpr uint32_t pieces_of_a_vector = E::array_columns / piece;
  Joiner<E> joiner;
  uint32_t left = tile.rows;
rows:
  while (left > 0) {
    const uint32_t together = pixels_of_row(walk.map, at, left);
    uint32_t column = 0, part = 0;
    typename E::BVector vector = {};
  pieces:
    for (uint32_t i = 0; i < together * tile.column_strips * pieces_of_a_vector; ++i) {
#pragma HLS PIPELINE II=1
      if (part == 0) vector = vectors.read();
      typename E::Word word = {};
    lanes:
      for (int lane = 0; lane < piece; ++lane) {
#pragma HLS UNROLL
        word.lane[lane] = vector.lane[part * piece + lane];
      }
      const uint32_t count = column < tile.columns ? smaller(piece, tile.columns - column) : 0;
      if (!joiner.add(word, count, words) && part > 0) spend(1);
      column += piece;
      if (column >= tile.column_strips * E::array_columns) column = 0;
      part = part + 1 == pieces_of_a_vector ? 0 : part + 1;
    }
    joiner.end(words);
    at = moved(walk.map, at, together);
    left -= together;
  }
}

// Words of C, each row from a word of its own on.
template <class E>
void pack_c(Task task, stream<typename E::BVector>& vectors, stream<typename E::Word>& words) {
  const Problem problem = task.problem;
  constexpr bool is_narrow = E::array_columns < E::word_lanes;
  constexpr int piece = is_narrow ? E::array_columns : E::word_lanes;
  constexpr int words_of_a_vector = E::array_columns / piece;
  constexpr uint32_t vectors_of_a_word = E::word_lanes / piece;
  Tile tile = tile_at<E>(problem, 0, 0);
  Pixel start = {0, 0, 0, 0};
tiles:
  for (uint32_t i = 0; i < problem.tiles; ++i) {
    if (E::has_units && task.walks && task.walk.joins_pixels) {
      pack_pixels<E>(task.walk, start, tile, vectors, words);
      step_tile<E>(task, tile, start);
      continue;
    }
    uint16_t row = 0, part = 0;
    uint8_t column_strip = 0;
    int32_t lanes_left = 0;
    typename E::Word word = {};
  vectors:
    while (row < tile.rows) {
#pragma HLS PIPELINE II=words_of_a_vector
      if (column_strip == 0) {
        lanes_left = int32_t(tile.columns);
        part = 0;
      }
      const bool row_ends = column_strip + 1 == tile.column_strips;
      const typename E::BVector vector = vectors.read();
    pieces:
      for (int w = 0; w < words_of_a_vector; ++w) {
#pragma HLS UNROLL
      lanes:
        for (int lane = 0; lane < piece; ++lane) {
#pragma HLS UNROLL
          word.lane[part * piece + lane] = vector.lane[w * piece + lane];
        }
        if ((part + 1 == vectors_of_a_word || row_ends) && lanes_left > 0) {
          words.write(word);
          lanes_left -= E::word_lanes;
        }
      }
      part = part + 1 == vectors_of_a_word ? 0 : part + 1;
      column_strip = row_ends ? 0 : column_strip + 1;
      row += row_ends;
    }
    step_tile<E>(task, tile, start);
  }
}

}  // namespace xfblas

#endif
