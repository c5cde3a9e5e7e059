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
  const auto width = size_t(vectors * kernels.lanes);
  constexpr auto step = size_of_block(block_sizes - 1);
  struct Totals {
    std::vector<uint64_t> squares, magnitudes;
    explicit Totals(size_t count) : squares(count), magnitudes(count) {}
    void add(const Totals& part) {
      for (size_t j = 0; j < squares.size(); ++j)
        squares[j] += part.squares[j], magnitudes[j] += part.magnitudes[j];
    }
    ColumnBounds::Norms norms() const {
      return {std::sqrt(double(*std::max_element(squares.begin(), squares.end()))),
              double(*std::max_element(magnitudes.begin(), magnitudes.end()))};
    }
  };
  std::vector<int64_t> sums(width);
  ColumnBounds bounds;
  Totals all(width);
  std::array<Totals, block_sizes> open{Totals(width), Totals(width), Totals(width)};
  for (int64_t p = 0; p < k; p += step) {
    Totals part(width);
    kernels.column_norms(panel + p * int64_t(width), std::min(step, k - p), vectors,
                         part.squares.data(), part.magnitudes.data(), sums.data());
    all.add(part);
    for (int place = 0; place < block_sizes; ++place) {
      open[place].add(part);
      const auto end = p + step;
      if (end % size_of_block(place) != 0 && end < k) continue;
      bounds.blocks[place].push_back(open[place].norms());
      open[place] = Totals(width);
    }
  }
  bounds.whole = all.norms();
  // The sum of magnitudes and the sum itself give the positive and the negative part.
  for (size_t j = 0; j < width; ++j)
    bounds.one_sign = std::max(bounds.one_sign,
                               (double(all.magnitudes[j]) + std::abs(double(sums[j]))) / 2);
  return bounds;
}

RowBounds row_bounds(const Kernels& kernels, const int16_t* a, int64_t lda, int64_t rows,
                     int64_t k) {
  constexpr auto step = size_of_block(block_sizes - 1);
  RowBounds bounds;
  for (int place = 0; place < block_sizes; ++place)
    bounds.blocks[place].resize(size_t((k + size_of_block(place) - 1) / size_of_block(place)));
  // Squares until the end, when roots are taken.
  const auto raise = [](RowBounds::Norms& norms, uint64_t square, uint32_t largest) {
    norms.root = std::max(norms.root, double(square));
    norms.largest = std::max(norms.largest, double(largest));
  };
  for (int64_t i = 0; i < rows; ++i) {
    uint64_t all = 0;
    std::array<uint64_t, block_sizes> open{};
    for (int64_t p = 0; p < k; p += step) {
      uint64_t square;
      uint32_t largest;
      kernels.row_norms(a + i * lda + p, std::min(step, k - p), &square, &largest);
      all += square;
      for (int place = 0; place < block_sizes; ++place) {
        if (p % size_of_block(place) == 0) open[place] = 0;
        open[place] += square;
        raise(bounds.blocks[place][size_t(p / size_of_block(place))], open[place], largest);
      }
      bounds.whole.largest = std::max(bounds.whole.largest, double(largest));
    }
    bounds.whole.root = std::max(bounds.whole.root, double(all));
  }
  for (auto& blocks : bounds.blocks)
    for (auto& norms : blocks) norms.root = std::sqrt(norms.root);
  bounds.whole.root = std::sqrt(bounds.whole.root);
  return bounds;
}

Route cheapest_route(const RowBounds& rows, const ColumnBounds& columns, bool has_quads) {
  if (are_below(fits, rows.whole, columns.whole)) return {SumPath::proved};
  for (int place = 0; place < block_sizes; ++place) {
    const auto& of_rows = rows.blocks[place];
    const auto& of_columns = columns.blocks[place];
    const auto is_below = [](const auto& row, const auto& column) {
      return are_below(fits_refined, row, column);
    };
    if (std::equal(of_rows.begin(), of_rows.end(), of_columns.begin(), is_below))
      return {SumPath::spilled, size_of_block(place)};
  }
  return {has_quads ? SumPath::estimated : SumPath::split};
}

}  // namespace xfblas
