// How a product is cut into tiles. Every process walks the same tiles in the same order.
//
// Tile counts and the strips of the last tiles follow from m and n at run time: m is rounded up
// to the rows of the array, not to those of a tile.
#ifndef XFBLAS_TILE_HPP
#define XFBLAS_TILE_HPP

#include "shape.hpp"

namespace xfblas {

struct Problem {
  uint32_t m, k, n;
};

struct Tile {
  uint32_t row, column;                // its first element of C
  uint32_t rows, columns;              // of C that it covers
  uint32_t row_strips, column_strips;  // of the array that they need

  uint32_t strips() const { return row_strips * column_strips; }
};

inline uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }
inline uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
// Safe for the largest values, unlike (value + part - 1) / part.
inline uint32_t pieces(uint32_t value, uint32_t part) {
  return value / part + (value % part != 0);
}

template <class E>
uint64_t tile_count(const Problem& problem) {
  return uint64_t(pieces(problem.m, E::tile_rows)) * pieces(problem.n, E::tile_columns);
}

template <class E>
Tile tile_at(const Problem& problem, uint32_t row, uint32_t column) {
#pragma HLS INLINE
  Tile tile;
  tile.row = row;
  tile.column = column;
  tile.rows = smaller(E::tile_rows, problem.m - row);
  tile.columns = smaller(E::tile_columns, problem.n - column);
  tile.row_strips = pieces(tile.rows, E::array_rows);
  tile.column_strips = pieces(tile.columns, E::array_columns);
  return tile;
}

// Along a row of tiles first. After the last tile it starts over.
template <class E>
Tile tile_after(const Problem& problem, const Tile& tile) {
#pragma HLS INLINE
  const bool row_ends = problem.n - tile.column <= uint32_t(E::tile_columns);
  const bool problem_ends = problem.m - tile.row <= uint32_t(E::tile_rows);
  const uint32_t next_row = problem_ends ? 0 : tile.row + E::tile_rows;
  return tile_at<E>(problem, row_ends ? next_row : tile.row,
                    row_ends ? 0 : tile.column + E::tile_columns);
}

// k is taken a chunk at a time; the last one may be shorter.
template <class E>
uint32_t chunk_count(const Problem& problem) {
  return pieces(problem.k, E::chunk);
}
template <class E>
uint32_t chunk_length(const Problem& problem, uint32_t first) {
  return smaller(E::chunk, problem.k - first);
}

}  // namespace xfblas

#endif
