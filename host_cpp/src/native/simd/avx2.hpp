// AVX2 as the kernels need it: vectors of eight 32-bit integers. See avx512.hpp.
#include <immintrin.h>

namespace xfblas {
namespace {

using Vector = __m256i;
constexpr int lanes = 8;
// A tile of 6 rows x 2 vectors leaves 4 of the 16 registers for operands.
constexpr int most_vectors = 2;
constexpr int rows_of_tile(int) { return 6; }
constexpr int most_rows = 6;

inline Vector load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
inline void store(void* to, Vector v) { _mm256_storeu_si256(static_cast<__m256i*>(to), v); }
inline Vector zero() { return _mm256_setzero_si256(); }
inline Vector set(int32_t value) { return _mm256_set1_epi32(value); }
inline Vector broadcast(const void* four_bytes) {
  int32_t value;
  std::memcpy(&value, four_bytes, sizeof value);
  return set(value);
}

inline Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
inline Vector subtract(Vector a, Vector b) { return _mm256_sub_epi32(a, b); }
inline Vector multiply(Vector a, Vector b) { return _mm256_mullo_epi32(a, b); }
inline Vector both_bits(Vector a, Vector b) { return _mm256_and_si256(a, b); }
inline Vector either_bits(Vector a, Vector b) { return _mm256_or_si256(a, b); }
inline Vector smaller(Vector a, Vector b) { return _mm256_min_epi32(a, b); }
inline Vector larger(Vector a, Vector b) { return _mm256_max_epi32(a, b); }
inline Vector shift_left(Vector a, int places) {
  return _mm256_sll_epi32(a, _mm_cvtsi32_si128(places));
}
inline Vector shift_right(Vector a, int places) {
  return _mm256_sra_epi32(a, _mm_cvtsi32_si128(places));
}
inline Vector shift_right_unsigned(Vector a, int places) {
  return _mm256_srl_epi32(a, _mm_cvtsi32_si128(places));
}
inline Vector where_negative(Vector test, Vector yes, Vector no) {
  return _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(no), _mm256_castsi256_ps(yes),
                                              _mm256_castsi256_ps(test)));
}

struct LongLanes {
  Vector even, odd;
};
inline LongLanes multiply_long(Vector a, Vector b) {
  return {_mm256_mul_epi32(a, b),
          _mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32))};
}
inline LongLanes add(const LongLanes& a, const LongLanes& b) {
  return {_mm256_add_epi64(a.even, b.even), _mm256_add_epi64(a.odd, b.odd)};
}
inline LongLanes set_long(int64_t value) {
  return {_mm256_set1_epi64x(value), _mm256_set1_epi64x(value)};
}
inline Vector shift_right(const LongLanes& a, int places) {
  const auto even = _mm256_srl_epi64(a.even, _mm_cvtsi32_si128(places));
  const auto odd = _mm256_sll_epi64(a.odd, _mm_cvtsi32_si128(32 - places));
  return _mm256_blend_epi32(even, odd, 0xaa);
}

inline void dot_pairs(Vector& sum, Vector a, Vector b) {
  Vector product;
  asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sum), "=&x"(product) : "x"(a), "x"(b));
}

inline Vector load_lanes(const int32_t* from) { return load(from); }
inline Vector load_lanes(const int16_t* from) {
  return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
inline Vector load_lanes(const int8_t* from) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}
template <typename Element>
Vector load_part(const Element* from, int count) {
  Element whole[lanes] = {};
  std::memcpy(whole, from, size_t(count) * sizeof(Element));
  return load_lanes(whole);
}

// The low halves of the lanes, packed without saturation.
inline __m128i low_halves(Vector v) {
  const auto kept = _mm256_srai_epi32(_mm256_slli_epi32(v, 16), 16);
  const auto packed = _mm256_packs_epi32(kept, kept);
  return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0xd8));
}
inline void store_lanes(int16_t* to, Vector v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), low_halves(v));
}
inline void store_lanes(int8_t* to, Vector v) {
  const auto halves = _mm_srai_epi16(_mm_slli_epi16(low_halves(v), 8), 8);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packs_epi16(halves, halves));
}
template <typename Element>
void store_part(Element* to, Vector v, int count) {
  Element whole[lanes];
  store_lanes(whole, v);
  std::memcpy(to, whole, size_t(count) * sizeof(Element));
}

inline Vector interleave(const int16_t* even, const int16_t* odd) {
  return either_bits(both_bits(load_lanes(even), set(0xffff)), _mm256_slli_epi32(load_lanes(odd), 16));
}

struct Doubles {
  __m256d halves[2];
};

inline Doubles scaled(const float* from, const double* scales, const double* offsets) {
  Doubles values;
  for (int half = 0; half < 2; ++half) {
    auto value = _mm256_cvtps_pd(_mm_loadu_ps(from + 4 * half));
    if (offsets) value = _mm256_sub_pd(value, _mm256_loadu_pd(offsets + 4 * half));
    value = _mm256_mul_pd(value, _mm256_loadu_pd(scales + 4 * half));
    asm("" : "+x"(value));
    values.halves[half] = value;
  }
  return values;
}

inline Vector nearest(const Doubles& values, double limit) {
  __m128i halves[2];
  for (int half = 0; half < 2; ++half) {
    const auto value = _mm256_min_pd(_mm256_max_pd(values.halves[half], _mm256_set1_pd(-limit)),
                                     _mm256_set1_pd(limit));
    halves[half] = _mm256_cvtpd_epi32(
        _mm256_round_pd(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  return _mm256_inserti128_si256(_mm256_castsi128_si256(halves[0]), halves[1], 1);
}

inline Doubles remainders(const Doubles& values, Vector whole, double base) {
  const __m128i halves[] = {_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1)};
  Doubles rest;
  for (int half = 0; half < 2; ++half)
    rest.halves[half] = _mm256_mul_pd(
        _mm256_sub_pd(values.halves[half], _mm256_cvtepi32_pd(halves[half])), _mm256_set1_pd(base));
  return rest;
}

struct Roundings {
  Vector whole;
  bool are_certain;
};
inline Roundings roundings(const float* from, const float* scales, float limit, float margin) {
  const auto product = _mm256_mul_ps(_mm256_loadu_ps(from), _mm256_loadu_ps(scales));
  const auto value = _mm256_min_ps(_mm256_max_ps(product, _mm256_set1_ps(-limit)),
                                   _mm256_set1_ps(limit));
  const auto nearest = _mm256_round_ps(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const auto rest = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_sub_ps(value, nearest));
  const auto doubtful = _mm256_cmp_ps(rest, _mm256_set1_ps(0.5f - margin), _CMP_GT_OQ);
  return {_mm256_cvtps_epi32(nearest), _mm256_testz_ps(doubtful, doubtful) != 0};
}

// The largest of sixteen uint16: what there is looks for the smallest.
inline uint32_t largest_of(__m256i values) {
  const auto eight =
      _mm_max_epu16(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
  const auto inverted = _mm_minpos_epu16(_mm_xor_si128(eight, _mm_set1_epi32(-1)));
  return 0xffffu & ~uint32_t(_mm_cvtsi128_si32(inverted));
}

struct Magnitudes {
  __m256i squares, largest;
  Magnitudes() : squares(zero()), largest(zero()) {}
  static constexpr int step = 16;
  void take(const int16_t* values) {
    const auto v = load(values);
    const auto pair = _mm256_madd_epi16(v, v);  // at most 2^31, so read it as unsigned
    squares = _mm256_add_epi64(squares, _mm256_and_si256(pair, _mm256_set1_epi64x(0xffffffff)));
    squares = _mm256_add_epi64(squares, _mm256_srli_epi64(pair, 32));
    largest = _mm256_max_epu16(largest, _mm256_abs_epi16(v));
  }
  uint64_t sum_of_squares() const {
    uint64_t parts[4];
    store(parts, squares);
    return parts[0] + parts[1] + parts[2] + parts[3];
  }
  uint32_t largest_magnitude() const { return largest_of(largest); }
};

}  // namespace
}  // namespace xfblas
