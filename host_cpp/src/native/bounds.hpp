// How large a sum of products can become, and with that how it may be added up.
//
// For a row a of A and a column b of B, by Cauchy-Schwarz and by the triangle inequality,
//   |sum a[p] * b[p]| <= ||a|| * ||b||    and    |sum a[p] * b[p]| <= max|a| * sum |b[p]| (1)
// which hold for any part of k as well. The norms are taken while rows and columns are packed.
//
// An estimate adds up high bytes. With a = 256 ah + 128 + al and b = 256 bh + bl
//   sum a b = 2^16 sum ah bh + 128 sum b + sum (a - 128) bl + 256 sum al bh (2)
// The first part is computed, the second is known of the column. By (1) the others are at most
//   min(||a|| ||bl||, max|a| sum |bl|) + 128 sum |bl| + 256 * 128 sum |bh| (3)
// since ah is a / 256 rounded down, so that |al| <= 128. bh is the byte nearest to b / 256: |bl| is
// 128 at most too, except where b is larger than 32639.
#ifndef XFBLAS_NATIVE_BOUNDS_HPP
#define XFBLAS_NATIVE_BOUNDS_HPP

#include <array>
#include <cstdint>
#include <vector>

#include "native/kernels.hpp"

namespace xfblas {

// So much of k is added up before a sum of 48 bits is refined: 512, 256, 128 or 64. Shorter blocks
// hold larger elements, but are refined more often; spilling after less than 64 costs no less than
// an estimate.
constexpr int block_sizes = 4;
constexpr int64_t size_of_block(int place) { return int64_t(512) >> place; }

// What any data allow, with 32767 for each b the worst of (3): 128 * (32896 * 255 + 32768 * 127)
// is below 2^31. So is 256 * 128 * 32768, what 256 products err by with A's high words alone.
constexpr int64_t shortest_estimated = 128, shortest_split = 256;

enum class SumPath {
  low_bits,  // C follows from the low 32 bits
  proved,  // the sum fits 32 bits by (1)
  spilled,  // each block of k fits 32 bits by (1)
  estimated,  // anything: a product of the high bytes gives the upper bits
  split,  // the same with A's high bytes alone, where the CPU has no products of bytes
  tiles,  // anything: products of bytes on tiles, see tile_kernels.hpp
  winograd,  // the low 32 bits, by fewer products, see winograd.hpp
};
constexpr int sum_paths = 7;

// What elements may be, both ends included.
struct ElementRange {
  int32_t lowest, highest;
};
constexpr ElementRange any_int16{-32768, 32767};

// The largest norms of some columns of B, for each block of k and for all of it.
struct ColumnBounds {
  struct Norms {
    double root, sum;  // ||b|| and the sum of magnitudes
  };
  struct Block {
    Norms all, low;
    double high_sum;  // sum |bh|
  };
  Norms whole{};
  std::array<std::vector<Block>, block_sizes> blocks;  // of each size
  double one_sign = 0;  // the larger of the sums of positive and of negative elements

  // Whether elements of A within these ends leave the sums in 32 bits. Where A is not negative,
  // the positive and the negative elements of a column cannot both count.
  bool prove(ElementRange a) const;
  // The same by (1), where no row's ||a|| is larger.
  bool prove_by_norm(double row) const;
};

// The largest norms ||a|| of some rows of A, and their largest magnitude.
struct RowBounds {
  double whole = 0, largest = 0;
  std::array<std::vector<double>, block_sizes> blocks;
};

ColumnBounds column_bounds(const Kernels& kernels, const int16_t* panel, int64_t k, int vectors);
RowBounds row_bounds(const Kernels& kernels, const int16_t* a, int64_t lda, int64_t rows, int64_t k,
                     ElementRange range);

// A path with the block of k that it takes at once, where it refines.
struct Route {
  SumPath path;
  int64_t block = 0;  // 0: all at once
};

// The cheapest way that is exact for every one of these rows and columns.
Route cheapest_route(const RowBounds& rows, const ColumnBounds& columns, bool has_quads);

// A given path with the longest block that is proved for it, or else the shortest.
Route route_by(SumPath path, const RowBounds& rows, const ColumnBounds& columns);

}  // namespace xfblas

#endif
