// What rows of A and columns of B can contribute at most; see bounds.hpp.

namespace xfblas {
namespace {

// Of a panel of pairs.
void column_norms(const int16_t* panel, int64_t k, int vectors, ColumnNorms& norms) {
  const int width = vectors * lanes;
  norms = {};
  for (int64_t p = 0; p < k; p += 2, panel += 2 * width)
    for (int j = 0; j < width; ++j) {
      const int32_t even = panel[2 * j], odd = panel[2 * j + 1];
      const int32_t high_even = std::min((even + 128) >> 8, 127);
      const int32_t high_odd = std::min((odd + 128) >> 8, 127);
      const int32_t low_even = even - 256 * high_even, low_odd = odd - 256 * high_odd;
      norms.squares[j] += uint32_t(even * even) + uint32_t(odd * odd);
      norms.magnitudes[j] += std::abs(even) + std::abs(odd);
      norms.sums[j] += even + odd;
      norms.low_squares[j] += low_even * low_even + low_odd * low_odd;
      norms.low_magnitudes[j] += std::abs(low_even) + std::abs(low_odd);
      norms.high_magnitudes[j] += std::abs(high_even) + std::abs(high_odd);
    }
}

uint64_t sum_of_squares(const int16_t* values, int64_t count) {
  Squares squares;
  int64_t i = 0;
  for (; i + Squares::step <= count; i += Squares::step) squares.take(values + i);
  if (i < count) squares.take_part(values + i, int(count - i));
  return squares.sum();
}

void row_squares(const int16_t* row, int64_t k, int64_t block, uint64_t* squares) {
  for (int64_t p = 0; p < k; p += block)
    *squares++ = sum_of_squares(row + p, std::min(block, k - p));
}

uint64_t largest_squares(const int16_t* a, int64_t lda, int64_t rows, int64_t k) {
  uint64_t largest = 0;
  for (int64_t i = 0; i < rows; ++i, a += lda) largest = std::max(largest, sum_of_squares(a, k));
  return largest;
}

// The smallest and the largest element, or 0.
void range_of_rows(const int16_t* a, int64_t lda, int64_t rows, int64_t k, int32_t* lowest,
                   int32_t* highest) {
  constexpr int step = Extremes::step;
  Extremes extremes;
  for (int64_t i = 0; i < rows; ++i, a += lda) {
    int64_t p = 0;
    for (; p + step <= k; p += step) extremes.take(a + p);
    if (p < k) extremes.take_part(a + p, int(k - p));
  }
  int16_t least[step], most[step];
  extremes.store_to(least, most);
  *lowest = *std::min_element(least, least + step);
  *highest = *std::max_element(most, most + step);
}

}  // namespace
}  // namespace xfblas
