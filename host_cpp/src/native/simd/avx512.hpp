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
// A tile of 9 rows x 3 vectors leaves 5 of the 32 registers for operands. Tile registers want panels
// of even numbers of vectors, and four vectors of bytes are stored as one: where products are single
// instructions that saves more than 6 rows instead of 9 cost.
#if defined XFBLAS_TILES || defined XFBLAS_VNNI
constexpr int most_vectors = 4;
#else
constexpr int most_vectors = 3;
#endif
constexpr int rows_of_tile(int vectors) { return vectors == 4 ? 6 : vectors == 3 ? 9 : 12; }
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
inline Vector unlike_bits(Vector a, Vector b) { return _mm512_xor_si512(a, b); }
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
inline Vector high_halves(const LongLanes& a) {
  return _mm512_mask_shuffle_epi32(a.odd, 0x5555, a.even, _MM_PERM_DDBB);
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

// Each lane clamped to what an element holds.
inline void store_clamped(int16_t* to, Vector v, int count) {
  _mm256_mask_storeu_epi16(to, first_lanes(count), _mm512_cvtsepi32_epi16(v));
}
inline void store_clamped(int8_t* to, Vector v, int count) {
  _mm_mask_storeu_epi8(to, first_lanes(count), _mm512_cvtsepi32_epi8(v));
}
inline void store_clamped(int16_t* to, Vector v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtsepi32_epi16(v));
}
inline void store_clamped(int8_t* to, Vector v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtsepi32_epi8(v));
}

// Four vectors at once, for half of the instructions. Packing takes its operands by quarters.
inline void store_four(int16_t* to, const Vector (&v)[4]) {
  const auto order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  store(to, _mm512_permutexvar_epi64(order, _mm512_packs_epi32(v[0], v[1])));
  store(to + 2 * lanes, _mm512_permutexvar_epi64(order, _mm512_packs_epi32(v[2], v[3])));
}
inline void store_four(int8_t* to, const Vector (&v)[4]) {
  const auto order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const auto halves =
      _mm512_packs_epi16(_mm512_packs_epi32(v[0], v[1]), _mm512_packs_epi32(v[2], v[3]));
  store(to, _mm512_permutexvar_epi32(order, halves));
}

// Lane j: even[j] in the low half, odd[j] in the high half.
inline Vector interleave(const int16_t* even, const int16_t* odd) {
  return either_bits(both_bits(load_lanes(even), set(0xffff)),
                     _mm512_slli_epi32(load_lanes(odd), 16));
}

// Of int16, two to a lane: -1 or 1, the byte nearest to a 256th, the difference modulo 2^16.
inline Vector signs_of_words(Vector v) {
  return _mm512_or_si512(_mm512_srai_epi16(v, 15), _mm512_set1_epi16(1));
}
inline Vector high_bytes_of_words(Vector v) {
  return _mm512_srai_epi16(_mm512_adds_epi16(v, _mm512_set1_epi16(128)), 8);
}
inline Vector add_words(Vector a, Vector b) { return _mm512_add_epi16(a, b); }
inline Vector subtract_words(Vector a, Vector b) { return _mm512_sub_epi16(a, b); }
template <int places>
inline Vector shift_words_left(Vector a) { return _mm512_slli_epi16(a, places); }
inline Vector load_words(const int8_t* from) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

#ifdef XFBLAS_VNNI
// Four int8 to a lane as twice two int16.
inline void quads_to_pairs(Vector quads, Vector (&pairs)[2]) {
  const auto words_of = [&](int32_t bytes) {
    const auto each = _mm512_add_epi8(set(bytes), _mm512_broadcast_i32x4(_mm_setr_epi32(
                                                      0, 0x04000400, 0x08000800, 0x0c000c00)));
    return _mm512_srai_epi16(_mm512_shuffle_epi8(quads, each), 8);
  };
  pairs[0] = words_of(0x01000000), pairs[1] = words_of(0x03000200);
}
#endif

// The smallest and the largest of many int16, or 0.
struct Extremes {
  __m512i least, most;
  Extremes() : least(zero()), most(zero()) {}
  static constexpr int step = 32;
  void take(const int16_t* values) { take(load(values)); }
  void take_part(const int16_t* values, int count) {
    take(_mm512_maskz_loadu_epi16((1u << count) - 1, values));
  }
  void take(__m512i values) {
    least = _mm512_min_epi16(least, values), most = _mm512_max_epi16(most, values);
  }
  void store_to(int16_t* lowest, int16_t* highest) const {
    store(lowest, least), store(highest, most);
  }
};

// The sum of squares of many int16.
struct Squares {
  __m512i even, odd;
  Squares() : even(zero()), odd(zero()) {}
  static constexpr int step = 32;
  void take(const int16_t* values) { take(load(values)); }
  void take_part(const int16_t* values, int count) {
    take(_mm512_maskz_loadu_epi16((1u << count) - 1, values));
  }
  void take(__m512i v) {
    const auto pair = _mm512_madd_epi16(v, v);  // at most 2^31, so read it as unsigned
    even = _mm512_add_epi64(even, _mm512_and_si512(pair, _mm512_set1_epi64(0xffffffff)));
    odd = _mm512_add_epi64(odd, _mm512_srli_epi64(pair, 32));
  }
  uint64_t sum() const { return uint64_t(_mm512_reduce_add_epi64(_mm512_add_epi64(even, odd))); }
};

}  // namespace
}  // namespace xfblas
