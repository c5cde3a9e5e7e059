// Steps of native/winograd.hpp in vectors: of int16 for pixels and weights, of 32 bits for sums.

namespace xfblas {
namespace {

// clang-format off
// One side of B^T d B: from six neighbours to six positions.
inline void pixels_to_positions(const Vector (&d)[6], Vector (&v)[6]) {
  const auto four_d1 = shift_words_left<2>(d[1]), four_d2 = shift_words_left<2>(d[2]);
  const auto even = subtract_words(d[4], four_d2), odd = subtract_words(d[3], four_d1);
  const auto even_twice = subtract_words(d[4], d[2]);
  const auto odd_twice = shift_words_left<1>(subtract_words(d[3], d[1]));
  v[0] = add_words(subtract_words(even, d[2]), shift_words_left<2>(d[0]));
  v[1] = add_words(even, odd);
  v[2] = subtract_words(even, odd);
  v[3] = add_words(even_twice, odd_twice);
  v[4] = subtract_words(even_twice, odd_twice);
  v[5] = add_words(subtract_words(d[5], d[3]),
                   subtract_words(four_d1, shift_words_left<2>(d[3])));
}

// One side of G g G^T, each row times what makes it whole: 4, 6, 6, 24, 24 and 1.
inline void weights_to_positions(const Vector (&g)[3], Vector (&u)[6]) {
  const auto outer = add_words(g[0], g[2]);
  const auto outer_twice = add_words(g[0], shift_words_left<2>(g[2]));
  const auto middle_twice = shift_words_left<1>(g[1]);
  u[0] = g[0];
  u[1] = add_words(outer, g[1]);
  u[2] = subtract_words(outer, g[1]);
  u[3] = add_words(outer_twice, middle_twice);
  u[4] = subtract_words(outer_twice, middle_twice);
  u[5] = g[2];
}

// One side of A^T m A, times 24, 12, 6 and 6: three times powers of two.
inline void sums_to_pixels(const Vector (&m)[6], Vector (&y)[4]) {
  const auto near = add(m[1], m[2]), across = subtract(m[1], m[2]);
  const auto far = add(m[3], m[4]), far_across = subtract(m[3], m[4]);
  const auto twice = [](Vector v) { return add(v, v); };
  const auto first = add(m[0], twice(m[0])), last = add(m[5], twice(m[5]));
  y[0] = add(twice(subtract(first, twice(near))), far);
  y[1] = subtract(far_across, twice(across));
  y[2] = subtract(far, near);
  y[3] = add(twice(add(far_across, last)), subtract(zero(), across));
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

// A panel's nine taps, as many steps of k each as channels take, to pairs at 36 positions.
void winograd_weights(const void* panel, int64_t channels, int vectors, int16_t* to,
                      ptrdiff_t position) {
  const auto* from = static_cast<const char*>(panel);
  const auto tap = channels / (2 * pairs_of_step) * vectors * ptrdiff_t(sizeof(Vector));
  for (int64_t channel = 0; channel < channels; channel += 2 * pairs_of_step)
    for (int j = 0; j < vectors; ++j, from += sizeof(Vector)) {
      Vector taps[9][pairs_of_step];
      XFBLAS_UNROLL for (int t = 0; t < 9; ++t) load_pairs(from + t * tap, taps[t]);
      XFBLAS_UNROLL for (int pair = 0; pair < pairs_of_step; ++pair) {
        Vector half[6][3];
        XFBLAS_UNROLL for (int x = 0; x < 3; ++x) {
          const Vector column[] = {taps[x][pair], taps[3 + x][pair], taps[6 + x][pair]};
          Vector found[6];
          weights_to_positions(column, found);
          XFBLAS_UNROLL for (int y = 0; y < 6; ++y) half[y][x] = found[y];
        }
        auto* place = to + (channel / 2 + pair) * vectors * 2 * lanes + j * 2 * lanes;
        XFBLAS_UNROLL for (int y = 0; y < 6; ++y) {
          Vector found[6];
          weights_to_positions(half[y], found);
          XFBLAS_UNROLL for (int x = 0; x < 6; ++x, place += position) store(place, found[x]);
        }
      }
    }
}

// Sums at 36 positions to those of 4 x 4 output pixels, whose lines are so far apart.
void winograd_sums(const int32_t* sums, ptrdiff_t position, int vectors, int32_t* to,
                   ptrdiff_t line) {
  // Nine times this is 1, modulo 2^32.
  const auto a_ninth = set(int32_t(0x38e38e39));
  constexpr int powers[] = {3, 2, 1, 1};
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
              shift_right(multiply(found[x], a_ninth), powers[y] + powers[x]));
    }
  }
}

// clang-format on

}  // namespace
}  // namespace xfblas
