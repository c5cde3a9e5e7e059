#include "native/bounds.hpp"

#include <algorithm>
#include <cmath>

namespace xfblas {
namespace {

// Less than 2^31 by more than the rounding of a few square roots and products.
constexpr double fits = 2147483000.0;

// What a block may add: the 16 bits that the total before it has below `high` come on top, see
// simd/refine.hpp.
constexpr double fits_refined = fits - 65536;

bool are_below(double limit, const RowBounds::Norms& row, const ColumnBounds::Norms& column) {
  return std::min(row.root * column.root, row.largest * column.sum) <= limit;
}

}  // namespace

bool ColumnBounds::prove(ElementRange a) const {
  if (a.lowest >= 0) return a.highest * one_sign <= fits;
  return std::max(-double(a.lowest), double(a.highest)) * whole.sum <= fits;
}

ColumnBounds column_bounds(const Kernels& kernels, const int16_t* panel, int64_t k, int vectors) {
  const int width = vectors * kernels.lanes;
  std::vector<uint64_t> squares(width), magnitudes(width), all_squares(width),
      all_magnitudes(width);
  std::vector<int64_t> sums(width);
  ColumnBounds bounds;
  const auto norms = [&](const std::vector<uint64_t>& of_squares,
                         const std::vector<uint64_t>& of_magnitudes) {
    return ColumnBounds::Norms{
        std::sqrt(double(*std::max_element(of_squares.begin(), of_squares.end()))),
        double(*std::max_element(of_magnitudes.begin(), of_magnitudes.end()))};
  };
  for (int64_t p = 0; p < k; p += refine_block) {
    std::fill(squares.begin(), squares.end(), 0);
    std::fill(magnitudes.begin(), magnitudes.end(), 0);
    kernels.column_norms(panel + p * width, std::min(refine_block, k - p), vectors,
                         squares.data(), magnitudes.data(), sums.data());
    bounds.blocks.push_back(norms(squares, magnitudes));
    for (int j = 0; j < width; ++j)
      all_squares[j] += squares[j], all_magnitudes[j] += magnitudes[j];
  }
  bounds.whole = norms(all_squares, all_magnitudes);
  // The sum of magnitudes and the sum itself give the positive and the negative part.
  for (int j = 0; j < width; ++j)
    bounds.one_sign = std::max(bounds.one_sign, (double(all_magnitudes[j]) + std::abs(double(sums[j]))) / 2);
  return bounds;
}

RowBounds row_bounds(const Kernels& kernels, const int16_t* a, int64_t lda, int64_t rows,
                     int64_t k) {
  RowBounds bounds;
  bounds.blocks.resize(size_t(blocks_of(k)));
  std::vector<uint64_t> most(bounds.blocks.size());
  uint64_t most_of_all = 0;
  for (int64_t i = 0; i < rows; ++i) {
    uint64_t of_row = 0;
    for (size_t block = 0; block < most.size(); ++block) {
      const auto first = int64_t(block) * refine_block;
      uint64_t square;
      uint32_t largest;
      kernels.row_norms(a + i * lda + first, std::min(refine_block, k - first), &square, &largest);
      of_row += square;
      most[block] = std::max(most[block], square);
      bounds.blocks[block].largest = std::max(bounds.blocks[block].largest, double(largest));
    }
    most_of_all = std::max(most_of_all, of_row);
  }
  for (size_t block = 0; block < most.size(); ++block) {
    bounds.blocks[block].root = std::sqrt(double(most[block]));
    bounds.whole.largest = std::max(bounds.whole.largest, bounds.blocks[block].largest);
  }
  bounds.whole.root = std::sqrt(double(most_of_all));
  return bounds;
}

SumPath cheapest_path(const RowBounds& rows, const ColumnBounds& columns, bool has_quads) {
  if (are_below(fits, rows.whole, columns.whole)) return SumPath::proved;
  for (size_t block = 0; block < rows.blocks.size(); ++block)
    if (!are_below(fits_refined, rows.blocks[block], columns.blocks[block]))
      return has_quads ? SumPath::estimated : SumPath::split;
  return SumPath::spilled;
}

}  // namespace xfblas
