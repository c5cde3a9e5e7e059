// What rows of A and columns of B can contribute at most; see bounds.hpp.

namespace xfblas {
namespace {

// Of a panel of pairs.
void column_norms(const int16_t* panel, int64_t k, int vectors, ColumnNorms& norms) {
  const auto ones = set(0x00010001), words = set(0xffff);
  for (int j = 0; j < vectors; ++j) {
    // Two squares are at most 2^31: their halves are added up one by one.
    auto low_halves = zero(), high_halves = zero(), magnitudes = zero(), sums = zero();
    auto low_squares = zero(), low_magnitudes = zero(), high_magnitudes = zero();
    const auto* from = panel + 2 * lanes * j;
    for (int64_t p = 0; p < k; p += 2, from += 2 * lanes * vectors) {
      const auto b = load(from), high = high_bytes_of_words(b);
      const auto low = subtract_words(b, both_bits(shift_left(high, 8), set(int32_t(0xff00ff00))));
      auto squares = zero();
      dot_pairs(squares, b, b);
      low_halves = add(low_halves, both_bits(squares, words));
      high_halves = add(high_halves, shift_right_unsigned(squares, 16));
      dot_pairs(magnitudes, b, signs_of_words(b));
      dot_pairs(sums, b, ones);
      dot_pairs(low_squares, low, low);
      dot_pairs(low_magnitudes, low, signs_of_words(low));
      dot_pairs(high_magnitudes, high, signs_of_words(high));
    }
    const int at = j * lanes;
    uint32_t halves[2][lanes];
    store(halves[0], low_halves), store(halves[1], high_halves);
    for (int i = 0; i < lanes; ++i)
      norms.squares[at + i] = halves[0][i] + (uint64_t(halves[1][i]) << 16);
    store(norms.magnitudes + at, magnitudes), store(norms.sums + at, sums);
    store(norms.low_squares + at, low_squares), store(norms.low_magnitudes + at, low_magnitudes);
    store(norms.high_magnitudes + at, high_magnitudes);
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
