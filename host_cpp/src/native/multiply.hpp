// C = finish(A*B + X) for integers: rows of A by rows, panels of B by panels, tile by tile.
#ifndef XFBLAS_NATIVE_MULTIPLY_HPP
#define XFBLAS_NATIVE_MULTIPLY_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "native/kernels.hpp"
#include "native/panels.hpp"
#include "native/row_block.hpp"

namespace xfblas {

// One product without its B. Pointers are to row 0 and column 0; rows are strides of elements.
struct IntegerProduct {
  int64_t m, k, n;
  SourceOfA a;
  const void* x;  // null where nothing is added
  int64_t ldx;    // 0 uses one row of X for all rows of C
  int addend_bytes;
  void* c;
  int64_t ldc;
  Requantization requantization;
  bool sums_fit = false;  // whether they are known to fit 32 bits
  // Takes this way for every block instead of the cheapest: for tests, which know that it is exact.
  std::optional<SumPath> path{};
  // Elements from a line of rows to the next, where there are several.
  int64_t c_line = 0, x_line = 0;

  // Begins at another row of C.
  void move_to(int64_t row) {
    c = static_cast<char*>(c) + row * ldc * c_bytes();
    if (x) x = static_cast<const char*>(x) + row * ldx * addend_bytes;
  }
  int element_bytes() const { return a.element_bytes; }
  int c_bytes() const { return requantization.keeps_sums ? 8 : element_bytes(); }
  bool needs_low_bits_only() const { return requantization.needs_low_bits_only(element_bytes()); }
};

// How many pairs of a row block and a panel went each way.
using PathCounts = std::array<uint64_t, sum_paths>;

inline void add(PathCounts& to, const PathCounts& counts) {
  for (size_t i = 0; i < counts.size(); ++i) to[i] += counts[i];
}

// Elements of k that are multiplied at once, where they are behind a row's first, and the block of k
// that they end, after which sums are refined.
struct PieceOfK {
  int64_t at;
  ptrdiff_t behind;
  Runs runs;
  int64_t block, count = 0;  // 0 where more of the block follows
};

// What one thread keeps between products.
struct ThreadSpace {
  RowBlock rows;
  UpcomingBytes soon;
  Workspace sums;
  std::vector<PieceOfK> pieces;
};

// Whether so many rows are multiplied by what is packed for tiles.
bool goes_on_tiles(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
                   int64_t rows);

// Rows first_row .. end_row-1 of C, in the columns that `panels` hold, of which `first_column` is
// the first.
void multiply(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
              int64_t first_row, int64_t end_row, int64_t first_column, ThreadSpace& space,
              PathCounts& counts);

// The part `first .. end-1` of the panels only.
void multiply_panels(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
                     size_t first_panel, size_t end_panel, int64_t first_row, int64_t end_row,
                     int64_t first_column, ThreadSpace& space, PathCounts& counts);

}  // namespace xfblas

#endif
