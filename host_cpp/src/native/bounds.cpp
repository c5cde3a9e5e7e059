#include "native/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace xfblas {
namespace {

// Less than 2^31 by more than the rounding of a few square roots and products.
constexpr double fits = 2147483000.0;

// What a block may add: the 16 bits that the total before it has below `high` come on top, see
// simd/wide_sums.hpp.
constexpr double fits_refined = fits - 65536;

// An estimate is rounded to a multiple of 2^16 besides.
constexpr double fits_estimated = fits_refined - 65536;

double bound(double row, double largest, const ColumnBounds::Norms& column) {
  return std::min(row * column.root, largest * column.sum);
}

// The longest block for which is_proved(row's norm, column's block) holds in all of k, or 0.
template <typename Proof>
int64_t longest_block(const RowBounds& rows, const ColumnBounds& columns, const Proof& is_proved) {
  for (int place = 0; place < block_sizes; ++place) {
    const auto& of_rows = rows.blocks[place];
    if (std::equal(of_rows.begin(), of_rows.end(), columns.blocks[place].begin(), is_proved))
      return size_of_block(place);
  }
  return 0;
}

int64_t spilled_block(const RowBounds& rows, const ColumnBounds& columns) {
  return longest_block(rows, columns, [&](double row, const auto& column) {
    return bound(row, rows.largest, column.all) <= fits_refined;
  });
}

int64_t estimated_block(const RowBounds& rows, const ColumnBounds& columns) {
  const auto found = longest_block(rows, columns, [&](double row, const auto& column) {
    return bound(row, rows.largest, column.low) + 128 * column.low.sum + 32768 * column.high_sum <=
           fits_estimated;
  });
  return std::max(found, shortest_estimated);
}

// A's high words are rounded to at most 128, so that their low parts are 128 at most.
int64_t split_block(const RowBounds& rows, const ColumnBounds& columns) {
  const auto found = longest_block(rows, columns, [&](double, const auto& column) {
    return 128 * column.all.sum <= fits_estimated;
  });
  return std::max(found, shortest_split);
}

}  // namespace

bool ColumnBounds::prove(ElementRange a) const {
  if (a.lowest >= 0) return a.highest * one_sign <= fits;
  return std::max(-double(a.lowest), double(a.highest)) * whole.sum <= fits;
}

bool ColumnBounds::prove_by_norm(double row) const { return row * whole.root <= fits; }

namespace {

// What columns add up to over some of k.
struct ColumnTotals {
  explicit ColumnTotals(size_t width)
      : squares(width),
        magnitudes(width),
        low_squares(width),
        low_magnitudes(width),
        high_magnitudes(width),
        sums(width) {}

  // part: ColumnNorms or ColumnTotals.
  template <typename Part>
  void add(const Part& part) {
    for (size_t j = 0; j < squares.size(); ++j) {
      squares[j] += part.squares[j];
      magnitudes[j] += uint64_t(part.magnitudes[j]);
      low_squares[j] += uint64_t(part.low_squares[j]);
      low_magnitudes[j] += uint64_t(part.low_magnitudes[j]);
      high_magnitudes[j] += uint64_t(part.high_magnitudes[j]);
      sums[j] += part.sums[j];
    }
  }

  void clear() { *this = ColumnTotals(squares.size()); }

  ColumnBounds::Block block() const {
    return {{std::sqrt(largest(squares)), largest(magnitudes)},
            {std::sqrt(largest(low_squares)), largest(low_magnitudes)},
            largest(high_magnitudes)};
  }

  // The sum of magnitudes and the sum itself give the positive and the negative part.
  double one_sign() const {
    double most = 0;
    for (size_t j = 0; j < sums.size(); ++j)
      most = std::max(most, (double(magnitudes[j]) + std::abs(double(sums[j]))) / 2);
    return most;
  }

  static double largest(const std::vector<uint64_t>& values) {
    return double(*std::max_element(values.begin(), values.end()));
  }

  std::vector<uint64_t> squares, magnitudes, low_squares, low_magnitudes, high_magnitudes;
  std::vector<int64_t> sums;
};

}  // namespace

ColumnBounds column_bounds(const Kernels& kernels, const int16_t* panel, int64_t k, int vectors) {
  const auto width = size_t(vectors * kernels.lanes);
  constexpr auto step = size_of_block(block_sizes - 1);
  ColumnBounds bounds;
  ColumnTotals all(width);
  std::vector<ColumnTotals> open(block_sizes, all);
  for (int64_t p = 0; p < k; p += step) {
    ColumnNorms part;
    kernels.column_norms(panel + p * int64_t(width), std::min(step, k - p), vectors, part);
    open[block_sizes - 1].add(part);
    const auto end = p + step;
    // A block that ends belongs to one of the next size.
    for (int place = block_sizes - 1; place >= 0; --place) {
      if (end % size_of_block(place) != 0 && end < k) break;
      bounds.blocks[place].push_back(open[place].block());
      (place > 0 ? open[place - 1] : all).add(open[place]);
      open[place].clear();
    }
  }
  bounds.whole = all.block().all;
  bounds.one_sign = all.one_sign();
  return bounds;
}

RowBounds row_bounds(const Kernels& kernels, const int16_t* a, int64_t lda, int64_t rows, int64_t k,
                     ElementRange range) {
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
    for (const auto square : most[place]) bounds.blocks[place].push_back(std::sqrt(double(square)));
  return bounds;
}

Route cheapest_route(const RowBounds& rows, const ColumnBounds& columns, bool has_quads) {
  if (bound(rows.whole, rows.largest, columns.whole) <= fits) return {SumPath::proved};
  if (const auto block = spilled_block(rows, columns)) return {SumPath::spilled, block};
  return route_by(has_quads ? SumPath::estimated : SumPath::split, rows, columns);
}

Route route_by(SumPath path, const RowBounds& rows, const ColumnBounds& columns) {
  switch (path) {
    case SumPath::spilled:
      return {path, std::max(spilled_block(rows, columns), size_of_block(block_sizes - 1))};
    case SumPath::estimated: return {path, estimated_block(rows, columns)};
    case SumPath::split: return {path, split_block(rows, columns)};
    default: return {path};
  }
}

}  // namespace xfblas
