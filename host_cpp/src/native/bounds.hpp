// How large a sum of products can become, and with that how it may be added up.
//
// For a row a of A and a column b of B, by Cauchy-Schwarz and by the triangle inequality,
//   |sum a[p] * b[p]| <= ||a|| * ||b||    and    |sum a[p] * b[p]| <= max|a| * sum |b[p]|        (1)
// which hold for any part of k as well. The norms are taken while rows and columns are packed.
#ifndef XFBLAS_NATIVE_BOUNDS_HPP
#define XFBLAS_NATIVE_BOUNDS_HPP

#include <array>
#include <cstdint>
#include <vector>

#include "native/kernels.hpp"

namespace xfblas {

// So much of k is added up before a sum of 48 bits is refined; simd/refine.hpp needs it to be 256
// at most.
constexpr int64_t refine_block = 256;

inline int64_t blocks_of(int64_t k) { return (k + refine_block - 1) / refine_block; }

// The blocks of k that sums may be spilled after. Shorter ones hold larger elements, but are
// refined more often; below 64 an estimate costs no more.
constexpr int block_sizes = 3;
constexpr int64_t size_of_block(int place) { return refine_block >> place; }

enum class SumPath {
  low_bits,   // C follows from the low 32 bits
  proved,     // the sum fits 32 bits by (1)
  spilled,    // each block of k, of 256 or fewer, fits 32 bits by (1)
  estimated,  // anything: a product of the high bytes gives the upper bits
  split,      // the same with A's high bytes alone, where the CPU has no products of bytes
};
constexpr int sum_paths = 5;

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
  Norms whole{};
  std::array<std::vector<Norms>, block_sizes> blocks;  // of each size
  double one_sign = 0;  // the larger of the sums of positive and of negative elements

  // Whether elements of A within these ends leave the sums in 32 bits. Where A is not negative,
  // the positive and the negative elements of a column cannot both count.
  bool prove(ElementRange a) const;
};

// The largest norms ||a|| of some rows of A, and their largest magnitude.
struct RowBounds {
  double whole = 0, largest = 0;
  std::array<std::vector<double>, block_sizes> blocks;
};

ColumnBounds column_bounds(const Kernels& kernels, const int16_t* panel, int64_t k, int vectors);
RowBounds row_bounds(const Kernels& kernels, const int16_t* a, int64_t lda, int64_t rows,
                     int64_t k, ElementRange range);

// A path with the block of k that it takes at once, where it refines.
struct Route {
  SumPath path;
  int64_t block = refine_block;
};

// The cheapest way that is exact for every one of these rows and columns.
Route cheapest_route(const RowBounds& rows, const ColumnBounds& columns, bool has_quads);

}  // namespace xfblas

#endif
