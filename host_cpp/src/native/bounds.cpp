#include "native/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace xfblas {
namespace {

// Less than 2^31 by more than the rounding of a few square roots and products.
constexpr double fits = 2147483000.0;

// What a block may add: the 16 bits that the total before it has below `high` come on top, see
// simd/refine.hpp.
constexpr double fits_refined = fits - 65536;

bool are_below(double limit, double row, double largest, const ColumnBounds::Norms& column) {
  return std::min(row * column.root, largest * column.sum) <= limit;
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
                     int64_t k, ElementRange range) {
  constexpr auto finest = block_sizes - 1;
  const auto count_of = [&](int place) {
    return size_t((k + size_of_block(place) - 1) / size_of_block(place));
  };
  std::array<std::vector<uint64_t>, block_sizes> most;
  for (int place = 0; place < block_sizes; ++place) most[place].resize(count_of(place));
  uint64_t most_of_all = 0;
  std::vector<uint64_t> squares(count_of(finest) + 1);
  for (int64_t i = 0; i < rows; ++i) {
    kernels.row_squares(a + i * lda, k, size_of_block(finest), squares.data());
    for (int place = finest; place >= 0; --place) {
      const auto count = count_of(place);
      for (size_t block = 0; block < count; ++block)
        most[place][block] = std::max(most[place][block], squares[block]);
      // Blocks of the next size are two of these.
      squares[count] = 0;
      for (size_t block = 0; block < count; block += 2)
        squares[block / 2] = squares[block] + squares[block + 1];
    }
    const auto joined = squares.begin() + int64_t(count_of(0) + 1) / 2;
    most_of_all = std::max(most_of_all, std::accumulate(squares.begin(), joined, uint64_t(0)));
  }
  RowBounds bounds;
  bounds.whole = std::sqrt(double(most_of_all));
  bounds.largest = std::max(-double(range.lowest), double(range.highest));
  for (int place = 0; place < block_sizes; ++place)
    for (const auto square : most[place])
      bounds.blocks[place].push_back(std::sqrt(double(square)));
  return bounds;
}

Route cheapest_route(const RowBounds& rows, const ColumnBounds& columns, bool has_quads) {
  if (are_below(fits, rows.whole, rows.largest, columns.whole)) return {SumPath::proved};
  for (int place = 0; place < block_sizes; ++place) {
    const auto& of_rows = rows.blocks[place];
    const auto& of_columns = columns.blocks[place];
    const auto is_below = [&](double row, const auto& column) {
      return are_below(fits_refined, row, rows.largest, column);
    };
    if (std::equal(of_rows.begin(), of_rows.end(), of_columns.begin(), is_below))
      return {SumPath::spilled, size_of_block(place)};
  }
  return {has_quads ? SumPath::estimated : SumPath::split};
}

}  // namespace xfblas
