// How a product is cut into tiles. Every process walks the same tiles in the same order.
//
// Tile counts and the strips of the last tiles follow from m and n at run time: m is rounded up
// to the rows of the array, not to those of a tile. What needs a product or a division is worked
// out once for an instruction, and what processes count is as narrow as a tile, so that none of
// them has multipliers of its own for its loops.
#ifndef XFBLAS_TILE_HPP
#define XFBLAS_TILE_HPP

#include "shape.hpp"

namespace xfblas {

struct Problem {
  uint32_t m, k, n;
  uint32_t tiles;   // C lies in memory, so that they fit
  bool is_narrow;   // C, so that tiles are twice as high and half as wide
};

struct Tile {
  uint32_t row, column;               // its first element of C
  uint16_t rows, columns;             // of C that it covers
  uint8_t row_strips, column_strips;  // of the array that they need

  uint16_t strips() const { return uint16_t(row_strips * column_strips); }
};

inline uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }
constexpr uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
// Safe for the largest values, unlike (value + part - 1) / part.
inline uint32_t pieces(uint32_t value, uint32_t part) {
  return value / part + (value % part != 0);
}

// A product's tiles are wide, since rows of C, and of A's fewer rows, are then longer bursts; but
// where C is one strip wide they would wait for the array's adders. Over a feature map (`walks`)
// they are as high as they can be, because B is read again for every tile of pixels. A packed A has
// tiles of one height.
template <class E>
Problem problem_of(uint32_t m, uint32_t k, uint32_t n, bool walks, bool a_is_packed) {
#pragma HLS INLINE
  Problem problem;
  problem.m = m;
  problem.k = k;
  problem.n = n;
  const uint32_t narrow = walks ? E::tile_columns / 2 : E::array_columns;
  const bool is_in_one_chunk = !a_is_packed && k <= uint32_t(E::chunk / 4);
  problem.is_narrow = E::narrows && n <= narrow && (walks || is_in_one_chunk);
  problem.tiles = problem.is_narrow ? pieces(m, 2 * E::tile_rows)
                                    : pieces(m, E::tile_rows) * pieces(n, E::tile_columns);
  return problem;
}

// Of a whole tile, and how many k of A are buffered at a time. Rows of a map come in short pieces
// anyway, and a short last chunk leaves less to wait for where the others are not long.
template <class E>
uint32_t tile_rows(const Problem& problem) {
#pragma HLS INLINE
  return problem.is_narrow ? 2 * E::tile_rows : E::tile_rows;
}
template <class E>
uint32_t tile_columns(const Problem& problem) {
#pragma HLS INLINE
  return problem.is_narrow ? E::tile_columns / 2 : E::tile_columns;
}
template <class E>
uint32_t chunk_of(const Problem& problem) {
#pragma HLS INLINE
  return problem.is_narrow ? E::chunk / 4 : E::chunk;
}

template <class E>
Tile tile_at(const Problem& problem, uint32_t row, uint32_t column) {
#pragma HLS INLINE
  Tile tile;
  tile.row = row;
  tile.column = column;
  tile.rows = uint16_t(smaller(tile_rows<E>(problem), problem.m - row));
  tile.columns = uint16_t(smaller(tile_columns<E>(problem), problem.n - column));
  tile.row_strips = uint8_t(pieces(tile.rows, E::array_rows));
  tile.column_strips = uint8_t(pieces(tile.columns, E::array_columns));
  return tile;
}

// Along a row of tiles first. After the last tile it starts over.
template <class E>
Tile tile_after(const Problem& problem, const Tile& tile) {
#pragma HLS INLINE
  const bool row_ends = problem.n - tile.column <= tile_columns<E>(problem);
  const bool problem_ends = problem.m - tile.row <= tile_rows<E>(problem);
  const uint32_t next_row = problem_ends ? 0 : tile.row + tile_rows<E>(problem);
  return tile_at<E>(problem, row_ends ? next_row : tile.row,
                    row_ends ? 0 : tile.column + tile_columns<E>(problem));
}

// k is taken a chunk at a time; the last one may be shorter. `left`: of k.
template <class E>
uint16_t chunk_length(const Problem& problem, uint32_t left) {
#pragma HLS INLINE
  return uint16_t(smaller(chunk_of<E>(problem), left));
}

}  // namespace xfblas

#endif
