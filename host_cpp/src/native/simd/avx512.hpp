// AVX-512 as the kernels need it: vectors of sixteen 32-bit integers.
//
// Included after a `#pragma GCC target`, once per translation unit; the names are local to it.
// With XFBLAS_VNNI the dot products are single instructions. They are written as assembly
// because compilers otherwise move the loads of a tile's loop out of it and spill its sums.
#include <immintrin.h>

namespace xfblas {
namespace {

using Vector = __m512i;
constexpr int lanes = 16;
// A tile of 9 rows x 3 vectors leaves 5 of the 32 registers for operands.
constexpr int most_vectors = 3;
constexpr int rows_of_tile(int vectors) { return vectors == 3 ? 9 : 12; }
constexpr int most_rows = 12;

inline Vector load(const void* from) { return _mm512_loadu_si512(from); }
inline void store(void* to, Vector v) { _mm512_storeu_si512(to, v); }
inline Vector zero() { return _mm512_setzero_si512(); }
inline Vector set(int32_t value) { return _mm512_set1_epi32(value); }
inline Vector broadcast(const void* four_bytes) {
  int32_t value;
  std::memcpy(&value, four_bytes, sizeof value);
  return set(value);
}

inline Vector add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
inline Vector subtract(Vector a, Vector b) { return _mm512_sub_epi32(a, b); }
inline Vector multiply(Vector a, Vector b) { return _mm512_mullo_epi32(a, b); }
inline Vector both_bits(Vector a, Vector b) { return _mm512_and_si512(a, b); }
inline Vector either_bits(Vector a, Vector b) { return _mm512_or_si512(a, b); }
inline Vector smaller(Vector a, Vector b) { return _mm512_min_epi32(a, b); }
inline Vector larger(Vector a, Vector b) { return _mm512_max_epi32(a, b); }
inline Vector shift_left(Vector a, int places) {
  return _mm512_sll_epi32(a, _mm_cvtsi32_si128(places));
}
inline Vector shift_right(Vector a, int places) {
  return _mm512_sra_epi32(a, _mm_cvtsi32_si128(places));
}
inline Vector shift_right_unsigned(Vector a, int places) {
  return _mm512_srl_epi32(a, _mm_cvtsi32_si128(places));
}
inline Vector where_negative(Vector test, Vector yes, Vector no) {
  return _mm512_mask_blend_epi32(_mm512_movepi32_mask(test), no, yes);
}

// Each lane in 64 bits: those at even places, and those at odd ones.
struct LongLanes {
  Vector even, odd;
};
inline LongLanes multiply_long(Vector a, Vector b) {
  return {_mm512_mul_epi32(a, b),
          _mm512_mul_epi32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32))};
}
inline LongLanes add(const LongLanes& a, const LongLanes& b) {
  return {_mm512_add_epi64(a.even, b.even), _mm512_add_epi64(a.odd, b.odd)};
}
inline LongLanes set_long(int64_t value) {
  return {_mm512_set1_epi64(value), _mm512_set1_epi64(value)};
}
// The low 32 bits of each lane shifted right, by 32 places at most.
inline Vector shift_right(const LongLanes& a, int places) {
  const auto even = _mm512_srl_epi64(a.even, _mm_cvtsi32_si128(places));
  const auto odd = _mm512_sll_epi64(a.odd, _mm_cvtsi32_si128(32 - places));
  return _mm512_mask_blend_epi32(0xaaaa, even, odd);
}

// Per 32-bit lane: sum += a0*b0 + a1*b1 of two int16, modulo 2^32.
inline void dot_pairs(Vector& sum, Vector a, Vector b) {
#ifdef XFBLAS_VNNI
  asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
#else
  Vector product;
  asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+v"(sum), "=&v"(product) : "v"(a), "v"(b));
#endif
}

#ifdef XFBLAS_VNNI
// Per 32-bit lane: sum += four products of a's uint8 with b's int8, modulo 2^32.
inline void dot_quads(Vector& sum, Vector a, Vector b) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}
#endif

inline __mmask16 first_lanes(int count) { return __mmask16((1u << count) - 1); }
inline Vector load_part(const int32_t* from, int count) {
  return _mm512_maskz_loadu_epi32(first_lanes(count), from);
}
inline Vector load_part(const int16_t* from, int count) {
  return _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(first_lanes(count), from));
}
inline Vector load_part(const int8_t* from, int count) {
  return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first_lanes(count), from));
}
inline Vector load_lanes(const int32_t* from) { return load(from); }
inline Vector load_lanes(const int16_t* from) {
  return _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
inline Vector load_lanes(const int8_t* from) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

// Keep the low bits of each lane.
inline void store_lanes(int16_t* to, Vector v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(v));
}
inline void store_lanes(int8_t* to, Vector v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(v));
}
inline void store_part(int16_t* to, Vector v, int count) {
  _mm256_mask_storeu_epi16(to, first_lanes(count), _mm512_cvtepi32_epi16(v));
}
inline void store_part(int8_t* to, Vector v, int count) {
  _mm_mask_storeu_epi8(to, first_lanes(count), _mm512_cvtepi32_epi8(v));
}

// Lane j: even[j] in the low half, odd[j] in the high half.
inline Vector interleave(const int16_t* even, const int16_t* odd) {
  return either_bits(both_bits(load_lanes(even), set(0xffff)), _mm512_slli_epi32(load_lanes(odd), 16));
}

// The lanes of a vector in double precision, eight and eight.
struct Doubles {
  __m512d halves[2];
};

// (value - offset) * scale; offsets may be null.
inline Doubles scaled(const float* from, const double* scales, const double* offsets) {
  Doubles values;
  for (int half = 0; half < 2; ++half) {
    auto value = _mm512_cvtps_pd(_mm256_loadu_ps(from + 8 * half));
    if (offsets) value = _mm512_sub_pd(value, _mm512_loadu_pd(offsets + 8 * half));
    value = _mm512_mul_pd(value, _mm512_loadu_pd(scales + 8 * half));
    // The product is rounded before anything is subtracted from it.
    asm("" : "+v"(value));
    values.halves[half] = value;
  }
  return values;
}

// The nearest integers, halves to even, clamped to +-limit.
inline Vector nearest(const Doubles& values, double limit) {
  __m256i halves[2];
  for (int half = 0; half < 2; ++half) {
    // The smaller magnitude with the sign of the value.
    const auto value = _mm512_range_pd(values.halves[half], _mm512_set1_pd(limit), 2);
    halves[half] = _mm512_cvt_roundpd_epi32(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  return _mm512_inserti64x4(_mm512_castsi256_si512(halves[0]), halves[1], 1);
}

// (value - whole) * base
inline Doubles remainders(const Doubles& values, Vector whole, double base) {
  const __m256i halves[] = {_mm512_castsi512_si256(whole), _mm512_extracti64x4_epi64(whole, 1)};
  Doubles rest;
  for (int half = 0; half < 2; ++half)
    rest.halves[half] = _mm512_mul_pd(
        _mm512_sub_pd(values.halves[half], _mm512_cvtepi32_pd(halves[half])), _mm512_set1_pd(base));
  return rest;
}

// The integers nearest to value * scale, computed in single precision and clamped to +-limit, and
// whether none of these products lies within `margin` of the middle between two integers.
struct Roundings {
  Vector whole;
  bool are_certain;
};
inline Roundings roundings(const float* from, const float* scales, float limit, float margin) {
  const auto product = _mm512_mul_ps(_mm512_loadu_ps(from), _mm512_loadu_ps(scales));
  const auto value = _mm512_range_ps(product, _mm512_set1_ps(limit), 2);
  const auto whole =
      _mm512_cvt_roundps_epi32(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const auto rest = _mm512_abs_ps(_mm512_sub_ps(value, _mm512_cvtepi32_ps(whole)));
  const auto doubtful = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(0.5f - margin), _CMP_GT_OQ);
  return {whole, doubtful == 0};
}

// The largest of sixteen uint16: what there is looks for the smallest.
inline uint32_t largest_of(__m256i values) {
  const auto eight =
      _mm_max_epu16(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
  const auto inverted = _mm_minpos_epu16(_mm_xor_si128(eight, _mm_set1_epi32(-1)));
  return 0xffffu & ~uint32_t(_mm_cvtsi128_si32(inverted));
}

// Sums of squares and the largest magnitude of many int16.
struct Magnitudes {
  __m512i squares, largest;
  Magnitudes() : squares(zero()), largest(zero()) {}
  static constexpr int step = 32;
  void take(const int16_t* values) {
    const auto v = load(values);
    const auto pair = _mm512_madd_epi16(v, v);  // at most 2^31, so read it as unsigned
    squares = _mm512_add_epi64(squares, _mm512_and_si512(pair, _mm512_set1_epi64(0xffffffff)));
    squares = _mm512_add_epi64(squares, _mm512_srli_epi64(pair, 32));
    largest = _mm512_max_epu16(largest, _mm512_abs_epi16(v));
  }
  uint64_t sum_of_squares() const { return uint64_t(_mm512_reduce_add_epi64(squares)); }
  uint32_t largest_magnitude() const {
    const auto half = _mm256_max_epu16(_mm512_castsi512_si256(largest),
                                       _mm512_extracti64x4_epi64(largest, 1));
    return largest_of(half);
  }
};

}  // namespace
}  // namespace xfblas
