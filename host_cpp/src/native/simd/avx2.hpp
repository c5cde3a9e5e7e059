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
inline Vector high_halves(const LongLanes& a) {
  return _mm256_blend_epi32(_mm256_srli_epi64(a.even, 32), a.odd, 0xaa);
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

// The lanes packed as words, clamped to these.
inline __m128i clamped_halves(Vector v) {
  const auto packed = _mm256_packs_epi32(v, v);
  return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0xd8));
}
// The low halves of the lanes, packed without saturation.
inline __m128i low_halves(Vector v) {
  return clamped_halves(_mm256_srai_epi32(_mm256_slli_epi32(v, 16), 16));
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

inline void store_clamped(int16_t* to, Vector v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), clamped_halves(v));
}
inline void store_clamped(int8_t* to, Vector v) {
  const auto halves = clamped_halves(v);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packs_epi16(halves, halves));
}
template <typename Element>
void store_clamped(Element* to, Vector v, int count) {
  Element whole[lanes];
  store_clamped(whole, v);
  std::memcpy(to, whole, size_t(count) * sizeof(Element));
}

template <typename Element>
void store_four(Element* to, const Vector (&v)[4]) {
  for (int i = 0; i < 4; ++i) store_clamped(to + i * lanes, v[i]);
}

inline Vector interleave(const int16_t* even, const int16_t* odd) {
  return either_bits(both_bits(load_lanes(even), set(0xffff)),
                     _mm256_slli_epi32(load_lanes(odd), 16));
}

inline Vector signs_of_words(Vector v) {
  return _mm256_or_si256(_mm256_srai_epi16(v, 15), _mm256_set1_epi16(1));
}
inline Vector high_bytes_of_words(Vector v) {
  return _mm256_srai_epi16(_mm256_adds_epi16(v, _mm256_set1_epi16(128)), 8);
}
inline Vector add_words(Vector a, Vector b) { return _mm256_add_epi16(a, b); }
inline Vector subtract_words(Vector a, Vector b) { return _mm256_sub_epi16(a, b); }
template <int places>
inline Vector shift_words_left(Vector a) { return _mm256_slli_epi16(a, places); }
inline Vector load_words(const int8_t* from) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

struct Extremes {
  __m256i least, most;
  Extremes() : least(zero()), most(zero()) {}
  static constexpr int step = 16;
  void take(const int16_t* values) {
    least = _mm256_min_epi16(least, load(values)), most = _mm256_max_epi16(most, load(values));
  }
  void take_part(const int16_t* values, int count) {
    int16_t whole[step] = {};
    std::memcpy(whole, values, size_t(count) * sizeof(int16_t));
    take(whole);
  }
  void store_to(int16_t* lowest, int16_t* highest) const {
    store(lowest, least), store(highest, most);
  }
};

struct Squares {
  __m256i squares;
  Squares() : squares(zero()) {}
  static constexpr int step = 16;
  void take(const int16_t* values) {
    const auto v = load(values);
    const auto pair = _mm256_madd_epi16(v, v);  // at most 2^31, so read it as unsigned
    squares = _mm256_add_epi64(squares, _mm256_and_si256(pair, _mm256_set1_epi64x(0xffffffff)));
    squares = _mm256_add_epi64(squares, _mm256_srli_epi64(pair, 32));
  }
  void take_part(const int16_t* values, int count) {
    int16_t whole[step] = {};
    std::memcpy(whole, values, size_t(count) * sizeof(int16_t));
    take(whole);
  }
  uint64_t sum() const {
    uint64_t parts[4];
    store(parts, squares);
    return parts[0] + parts[1] + parts[2] + parts[3];
  }
};

}  // namespace
}  // namespace xfblas
