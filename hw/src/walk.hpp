// How Fcn and Window walk feature maps: pixels of C one after the other, and for each of them the
// elements of its taps, in runs that lie end to end.
//
// k is taken in pieces: elements of one tap, or of all taps of a kernel's row where these lie end
// to end and are few. For each piece, the output pixels of a row are taken together: their elements
// lie in one row of the map, in order, and come in one burst with what lies between them. Whoever
// walks, be it for addresses or for elements, walks with what stands here. Places step; nothing is
// divided but by an upsampling.
#ifndef XFBLAS_WALK_HPP
#define XFBLAS_WALK_HPP

#include "tile.hpp"
#include "timing.hpp"
#include "xfblas/feature_map.hpp"

namespace xfblas {

// An instruction's way over its map, worked out once.
struct Walk {
  FeatureMap map;
  uint64_t a_first, c_first;     // elements from the memory's base
  uint32_t lda, ldc;
  uint32_t tap_elements, taps_x;  // of a kernel's row; one tap stands for all that lie end to end
  uint32_t longest;               // piece
  // Columns of the map from one output pixel to the next, and parts of up_x behind them.
  uint32_t whole_columns, part_columns;
  bool is_dense;      // what lies between pixels costs less than bursts of their own
  bool joins_pixels;  // of C, which are whole there and lie end to end
};

// `longest`: elements of a pixel that are taken at a time. `columns`: of C, likewise.
template <class E>
Walk walk_of(const FeatureMap& map, uint64_t a_first, uint64_t c_first, const Instruction& i,
             uint32_t longest, uint32_t columns, bool may_join_taps) {
#pragma HLS INLINE
  Walk walk;
  walk.map = map;
  walk.a_first = a_first + map.a_first;
  walk.c_first = c_first + map.c_first;
  walk.lda = i.lda;
  walk.ldc = i.ldc;
  const uint64_t row = uint64_t(map.kernel_x) * map.channels;
  const bool is_end_to_end = map.dilation_x == 1 && map.up_x == 1 && i.lda == map.channels;
  const bool joins = may_join_taps && is_end_to_end &&
                     (row <= uint64_t(E::word_lanes) || map.out_x == 1) && row >> 32 == 0;
  walk.tap_elements = joins ? uint32_t(row) : map.channels;
  walk.taps_x = joins ? 1 : map.kernel_x;
  // Elements that are used again must still be in the word that is held.
  walk.longest = map.up_x > 1 ? smaller(longest, E::word_lanes) : longest;
  walk.whole_columns = map.stride_x / map.up_x;
  walk.part_columns = map.stride_x % map.up_x;
  const uint64_t used = smaller(walk.tap_elements, walk.longest) + burst_cycles * E::word_lanes;
  walk.is_dense = uint64_t(map.stride_x) * i.lda <= map.up_x * used;
  walk.joins_pixels = i.ldc == i.n && i.n <= columns;
  return walk;
}

// An output pixel.
struct Pixel {
  uint32_t frame, y, x;
  uint32_t index;  // within its frame
};

// `count` of the pixels that its row still has.
inline Pixel moved(const FeatureMap& map, Pixel at, uint32_t count) {
#pragma HLS INLINE
  at.x += count;
  at.index += count;
  if (at.x < map.out_x) return at;
  at.x = 0;
  if (++at.y < map.out_y) return at;
  at.y = at.index = 0;
  ++at.frame;
  return at;
}

inline uint32_t pixels_of_row(const FeatureMap& map, const Pixel& at, uint32_t left) {
#pragma HLS INLINE
  return smaller(left, map.out_x - at.x);
}

// Any number of pixels on, a row at a time.
inline Pixel pixel_behind(const FeatureMap& map, Pixel at, uint32_t left) {
rows:
  while (left > 0) {
#pragma HLS PIPELINE II=1
    const uint32_t count = pixels_of_row(map, at, left);
    at = moved(map, at, count);
    left -= count;
  }
  return at;
}

// How many pixels from here on are taken together.
inline uint32_t pixels_together(const Walk& walk, const Pixel& at, uint32_t left) {
#pragma HLS INLINE
  return walk.is_dense ? pixels_of_row(walk.map, at, left) : 1;
}

inline uint64_t place_of_c(const Walk& walk, const Pixel& at) {
#pragma HLS INLINE
  return walk.c_first + uint64_t(at.frame) * walk.map.c_frame + uint64_t(at.y) * walk.map.c_row +
         uint64_t(at.x) * walk.ldc;
}

// Elements of k that lie together in the map, for any pixel.
struct Piece {
  uint32_t tap_y, tap_x, element;  // the first of them, within its tap
  uint32_t length;
};

inline Piece piece_from(const Walk& walk, uint32_t tap_y, uint32_t tap_x, uint32_t element,
                        uint32_t left) {
#pragma HLS INLINE
  Piece piece;
  piece.tap_y = tap_y;
  piece.tap_x = tap_x;
  piece.element = element;
  piece.length = smaller(smaller(left, walk.tap_elements - element), walk.longest);
  return piece;
}

// The one that follows in k; after the last one the first.
inline Piece piece_after(const Walk& walk, const Piece& piece, uint32_t left) {
#pragma HLS INLINE
  uint32_t tap_y = piece.tap_y, tap_x = piece.tap_x, element = piece.element + piece.length;
  if (element == walk.tap_elements) {
    element = 0;
    if (++tap_x == walk.taps_x) {
      tap_x = 0;
      if (++tap_y == walk.map.kernel_y) tap_y = 0;
    }
  }
  return piece_from(walk, tap_y, tap_x, element, left);
}

// Rounds down.
inline int64_t divided(int64_t value, uint32_t by) {
#pragma HLS INLINE
  if (by == 1) return value;
  return value >= 0 ? value / by : -((by - 1 - value) / by);
}

// The row of a map that pixels together meet with a piece, as elements. Elements before its first
// and behind its last are padding.
struct MapRow {
  uint64_t first;     // element of the memory
  int64_t length;     // 0 where the whole row is padding
  int64_t place;      // of the first pixel's first element in the row
  uint32_t part;      // parts of up_x that its column has passed
};

inline MapRow map_row(const Walk& walk, const Piece& piece, const Pixel& at) {
#pragma HLS INLINE
  const FeatureMap& map = walk.map;
  const int64_t y = int64_t(at.y) * map.stride_y + int64_t(piece.tap_y) * map.dilation_y -
                    map.pad_top;
  const int64_t x = int64_t(at.x) * map.stride_x + int64_t(piece.tap_x) * map.dilation_x -
                    map.pad_left;
  const int64_t row = divided(y, map.up_y), column = divided(x, map.up_x);
  const bool is_inside = row >= 0 && row < int64_t(map.height);
  const uint64_t rows = uint64_t(at.frame) * map.height + (is_inside ? row : 0);
  MapRow found;
  found.first = walk.a_first + rows * map.width * walk.lda;
  // Up to the last pixel's channels: what lies behind them need not be memory.
  found.length = is_inside ? int64_t(uint64_t(map.width - 1) * walk.lda + map.channels) : 0;
  found.place = column * walk.lda + piece.element;
  found.part = uint32_t(x - column * map.up_x);
  return found;
}

// To the next output pixel.
inline void step_column(const Walk& walk, MapRow& row) {
#pragma HLS INLINE
  uint32_t columns = walk.whole_columns;
  row.part += walk.part_columns;
  if (row.part >= walk.map.up_x) {
    row.part -= walk.map.up_x;
    ++columns;
  }
  row.place += uint64_t(columns) * walk.lda;
}

// Words of the memory.
struct WordSpan {
  uint64_t first, count;
};

template <class E>
WordSpan words_between(const MapRow& row, int64_t begin, int64_t end) {
#pragma HLS INLINE
  begin = begin > 0 ? begin : 0;
  end = end < row.length ? end : row.length;
  WordSpan span;
  span.first = (row.first + uint64_t(begin)) / E::word_lanes;
  span.count =
      begin < end ? (row.first + uint64_t(end) - 1) / E::word_lanes - span.first + 1 : 0;
  return span;
}

// Those that `count` pixels from this one on have, and what lies between them.
template <class E>
WordSpan words_of_pixels(const Walk& walk, const Piece& piece, const MapRow& row, uint32_t count) {
#pragma HLS INLINE
  // Parts of up_x that the last one's column is behind the first one's.
  const uint64_t parts = row.part + uint64_t(count - 1) * walk.map.stride_x;
  const int64_t last = row.place + divided(int64_t(parts), walk.map.up_x) * walk.lda;
  return words_between<E>(row, row.place, last + piece.length);
}

}  // namespace xfblas

#endif
