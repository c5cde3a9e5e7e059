// Steps of native/winograd.hpp in vectors: of int16 for pixels and weights, of 32 bits for sums.

namespace xfblas {
namespace {

// clang-format off
// One side of B^T d B: from six neighbours to six positions, with
//         2  3 -4 -3  2  0
//         0  2  5  1 -2  0
//   B^T = 0  2  1 -5  2  0
//         0 -1 -2  1  2  0
//         0 -2  1  2 -1  0
//         0  2  3 -4 -3  2
inline void pixels_to_positions(const Vector (&d)[6], Vector (&v)[6]) {
  const auto twice = [](Vector words) { return shift_words_left<1>(words); };
  const auto odd = subtract_words(d[3], d[1]), even = subtract_words(d[4], d[2]);
  const auto both = add_words(d[1], d[2]), between = subtract_words(d[3], d[2]);
  const auto odd_twice = twice(odd), even_twice = twice(even);
  v[0] = subtract_words(twice(add_words(subtract_words(d[0], d[2]), even)),
                        add_words(odd_twice, odd));
  v[1] = add_words(add_words(twice(both), both), subtract_words(odd, even_twice));
  v[2] = subtract_words(subtract_words(even_twice, odd_twice),
                        add_words(twice(between), between));
  v[3] = add_words(even_twice, odd);
  v[4] = subtract_words(odd_twice, even);
  v[5] = subtract_words(twice(subtract_words(subtract_words(d[5], d[3]), odd)),
                        add_words(even_twice, even));
}

// One side of G g G^T, each row times what makes it whole, 30 / (15, 5, 5, 1, 1, 15), with
//   G = 1 0 0,  1 1 1,  1 -1 1,  1 2 4,  4 -2 1,  0 0 1
template <int row>
inline Vector weights_to_position(const Vector (&g)[3]) {
  if constexpr (row == 0) return g[0];
  if constexpr (row == 1) return add_words(add_words(g[0], g[2]), g[1]);
  if constexpr (row == 2) return subtract_words(add_words(g[0], g[2]), g[1]);
  if constexpr (row == 3)
    return add_words(add_words(g[0], shift_words_left<2>(g[2])), shift_words_left<1>(g[1]));
  if constexpr (row == 4)
    return subtract_words(add_words(g[2], shift_words_left<2>(g[0])), shift_words_left<1>(g[1]));
  return g[2];
}

// One side of A^T m A times 30, with
//           1  1  1  1  8  0
//   A^T =   0  1 -1  2 -4  0   times 15, 5, 5, 1, 1, 15
//           0  1  1  4  2  0
//           0  1 -1  8 -1  1
inline void sums_to_pixels(const Vector (&m)[6], Vector (&y)[4]) {
  const auto five = [](Vector sums) { return add(shift_left(sums, 2), sums); };
  const auto fifteen = [](Vector sums) { return subtract(shift_left(sums, 4), sums); };
  const auto near = five(add(m[1], m[2])), across = five(subtract(m[1], m[2]));
  const auto twice = add(m[3], m[3]), four = add(m[4], m[4]);
  y[0] = add(add(fifteen(m[0]), near), add(m[3], shift_left(m[4], 3)));
  y[1] = add(across, subtract(twice, add(four, four)));
  y[2] = add(near, add(add(twice, twice), four));
  y[3] = add(add(across, fifteen(m[5])), subtract(shift_left(m[3], 3), m[4]));
}

// 6 x 6 pixels of so many channels, whole vectors of int16, to their 36 positions.
void winograd_pixels(const int8_t* const* pixels, int64_t channels, int16_t* to,
                     ptrdiff_t position) {
  for (int64_t at = 0; at < channels; at += 2 * lanes) {
    Vector half[6][6];
    for (int x = 0; x < 6; ++x) {
      Vector column[6], found[6];
      XFBLAS_UNROLL for (int y = 0; y < 6; ++y) column[y] = load_words(pixels[6 * y + x] + at);
      pixels_to_positions(column, found);
      XFBLAS_UNROLL for (int y = 0; y < 6; ++y) half[y][x] = found[y];
    }
    auto* place = to + at;
    for (int y = 0; y < 6; ++y) {
      Vector found[6];
      pixels_to_positions(half[y], found);
      XFBLAS_UNROLL for (int x = 0; x < 6; ++x, place += position) store(place, found[x]);
    }
  }
}

// What a panel has at some step, as pairs of int16.
#ifdef XFBLAS_VNNI
constexpr int pairs_of_step = 2;
#else
constexpr int pairs_of_step = 1;
#endif
inline void load_pairs(const void* from, Vector (&pairs)[pairs_of_step]) {
#ifdef XFBLAS_VNNI
  quads_to_pairs(load(from), pairs);
#else
  pairs[0] = load(from);
#endif
}

// A panel's nine taps, as many steps of k each as channels take, to pairs at a row of positions.
template <int row>
void weights_to_row(const void* panel, int64_t channels, int vectors, int16_t* to,
                    ptrdiff_t position) {
  const auto* from = static_cast<const char*>(panel);
  const auto tap = channels / (2 * pairs_of_step) * vectors * ptrdiff_t(sizeof(Vector));
  for (int64_t channel = 0; channel < channels; channel += 2 * pairs_of_step)
    for (int j = 0; j < vectors; ++j, from += sizeof(Vector)) {
      Vector taps[9][pairs_of_step];
      XFBLAS_UNROLL for (int t = 0; t < 9; ++t) load_pairs(from + t * tap, taps[t]);
      XFBLAS_UNROLL for (int pair = 0; pair < pairs_of_step; ++pair) {
        Vector of_row[3];
        XFBLAS_UNROLL for (int x = 0; x < 3; ++x) {
          const Vector column[] = {taps[x][pair], taps[3 + x][pair], taps[6 + x][pair]};
          of_row[x] = weights_to_position<row>(column);
        }
        auto* place = to + (channel / 2 + pair) * vectors * 2 * lanes + j * 2 * lanes;
        store(place, weights_to_position<0>(of_row));
        store(place + position, weights_to_position<1>(of_row));
        store(place + 2 * position, weights_to_position<2>(of_row));
        store(place + 3 * position, weights_to_position<3>(of_row));
        store(place + 4 * position, weights_to_position<4>(of_row));
        store(place + 5 * position, weights_to_position<5>(of_row));
      }
    }
}

void winograd_weights(const void* panel, int row, int64_t channels, int vectors, int16_t* to,
                      ptrdiff_t position) {
  static constexpr auto rows = {weights_to_row<0>, weights_to_row<1>, weights_to_row<2>,
                                weights_to_row<3>, weights_to_row<4>, weights_to_row<5>};
  rows.begin()[row](panel, channels, vectors, to, position);
}

// Sums at 36 positions to those of 4 x 4 output pixels, whose lines are so far apart.
void winograd_sums(const int32_t* sums, ptrdiff_t position, int vectors, int32_t* to,
                   ptrdiff_t line) {
  // 225 times this is 1, modulo 2^32; the sums are 900 times the pixels'.
  const auto inverse = set(int32_t(0x87654321));
  for (int j = 0; j < vectors; ++j, sums += lanes, to += lanes) {
    Vector half[4][6];
    for (int x = 0; x < 6; ++x) {
      Vector column[6], found[4];
      XFBLAS_UNROLL for (int y = 0; y < 6; ++y) column[y] = load(sums + (6 * y + x) * position);
      sums_to_pixels(column, found);
      XFBLAS_UNROLL for (int y = 0; y < 4; ++y) half[y][x] = found[y];
    }
    XFBLAS_UNROLL for (int y = 0; y < 4; ++y) {
      Vector found[4];
      sums_to_pixels(half[y], found);
      XFBLAS_UNROLL for (int x = 0; x < 4; ++x)
        store(to + y * line + x * tile_stride,
              shift_right(multiply(found[x], inverse), 2));
    }
  }
}

// clang-format on

}  // namespace
}  // namespace xfblas
