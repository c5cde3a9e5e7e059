// Any CPU: vectors of four 32-bit integers by the compiler's own vector type, which becomes NEON
// on aarch64 and SSE2 on x86-64. See avx512.hpp.

namespace xfblas {
namespace {

// Unsigned, because sums wrap.
typedef uint32_t Vector __attribute__((vector_size(16)));
typedef int32_t SignedVector __attribute__((vector_size(16)));
typedef int16_t Words __attribute__((vector_size(16)));
constexpr int lanes = 4;
#ifdef XFBLAS_TILES
constexpr int most_vectors = 4;  // as many columns as a tile register
#else
constexpr int most_vectors = 2;
#endif
constexpr int rows_of_tile(int) { return 4; }
constexpr int most_rows = 4;

inline Vector load(const void* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(void* to, Vector v) { std::memcpy(to, &v, sizeof v); }
inline Vector zero() { return Vector{}; }
inline Vector set(int32_t value) { return Vector{} + uint32_t(value); }
inline Vector broadcast(const void* four_bytes) {
  int32_t value;
  std::memcpy(&value, four_bytes, sizeof value);
  return set(value);
}

inline Vector add(Vector a, Vector b) { return a + b; }
inline Vector subtract(Vector a, Vector b) { return a - b; }
inline Vector multiply(Vector a, Vector b) { return a * b; }
inline Vector both_bits(Vector a, Vector b) { return a & b; }
inline Vector either_bits(Vector a, Vector b) { return a | b; }
inline Vector unlike_bits(Vector a, Vector b) { return a ^ b; }
inline Vector smaller(Vector a, Vector b) { return SignedVector(a) < SignedVector(b) ? a : b; }
inline Vector larger(Vector a, Vector b) { return SignedVector(a) > SignedVector(b) ? a : b; }
inline Vector shift_left(Vector a, int places) { return a << uint32_t(places); }
inline Vector shift_right(Vector a, int places) { return Vector(SignedVector(a) >> places); }
inline Vector shift_right_unsigned(Vector a, int places) { return a >> uint32_t(places); }
inline Vector where_negative(Vector test, Vector yes, Vector no) {
  return SignedVector(test) < SignedVector{} ? yes : no;
}

struct LongLanes {
  int64_t values[lanes];
};
inline LongLanes multiply_long(Vector a, Vector b) {
  LongLanes product;
  for (int i = 0; i < lanes; ++i) product.values[i] = int64_t(int32_t(a[i])) * int32_t(b[i]);
  return product;
}
inline LongLanes add(const LongLanes& a, const LongLanes& b) {
  LongLanes sum;
  for (int i = 0; i < lanes; ++i) sum.values[i] = a.values[i] + b.values[i];
  return sum;
}
inline LongLanes set_long(int64_t value) {
  LongLanes same;
  for (auto& lane : same.values) lane = value;
  return same;
}
inline Vector high_halves(const LongLanes& a) {
  Vector high;
  for (int i = 0; i < lanes; ++i) high[i] = uint32_t(a.values[i] >> 32);
  return high;
}

inline void dot_pairs(Vector& sum, Vector a, Vector b) {
  const SignedVector a_low = SignedVector(a << 16) >> 16, a_high = SignedVector(a) >> 16;
  const SignedVector b_low = SignedVector(b << 16) >> 16, b_high = SignedVector(b) >> 16;
  sum += Vector(a_low) * Vector(b_low) + Vector(a_high) * Vector(b_high);
}

inline void dot_quads(Vector& sum, Vector a, Vector b) {
  for (int shift = 0; shift < 32; shift += 8)
    sum += ((a >> uint32_t(shift)) & 0xffu) * Vector(SignedVector(b << uint32_t(24 - shift)) >> 24);
}

template <typename Element>
Vector load_part(const Element* from, int count) {
  int32_t whole[lanes] = {};
  for (int i = 0; i < count; ++i) whole[i] = from[i];
  return load(whole);
}
template <typename Element>
Vector load_lanes(const Element* from) {
  return load_part(from, lanes);
}
template <typename Element>
void store_part(Element* to, Vector v, int count) {
  for (int i = 0; i < count; ++i) to[i] = Element(v[i]);
}
template <typename Element>
void store_lanes(Element* to, Vector v) {
  store_part(to, v, lanes);
}

template <typename Element>
void store_clamped(Element* to, Vector v, int count = lanes) {
  using Limits = std::numeric_limits<Element>;
  for (int i = 0; i < count; ++i)
    to[i] = Element(std::clamp(int32_t(v[i]), int32_t(Limits::min()), int32_t(Limits::max())));
}

template <typename Element>
void store_four(Element* to, const Vector (&v)[4]) {
  for (int i = 0; i < 4; ++i) store_clamped(to + i * lanes, v[i]);
}

inline Vector interleave(const int16_t* even, const int16_t* odd) {
  return both_bits(load_lanes(even), set(0xffff)) | (load_lanes(odd) << 16);
}

inline Vector signs_of_words(Vector v) { return Vector((Words(v) >> 15) | 1); }
inline Vector high_bytes_of_words(Vector v) {
  // The largest would leave 16 bits when they are rounded.
  const auto words = Words(v);
  return Vector(((words > 32639 ? Words{} + int16_t(32639) : words) + 128) >> 8);
}
inline Vector add_words(Vector a, Vector b) { return Vector(Words(a) + Words(b)); }
inline Vector subtract_words(Vector a, Vector b) { return Vector(Words(a) - Words(b)); }
template <int places>
inline Vector shift_words_left(Vector a) { return Vector(Words(a) << places); }
inline Vector load_words(const int8_t* from) {
  int16_t words[2 * lanes];
  for (int i = 0; i < 2 * lanes; ++i) words[i] = from[i];
  return load(words);
}

struct Extremes {
  int16_t least = 0, most = 0;
  static constexpr int step = 1;
  void take(const int16_t* value) {
    least = std::min(least, *value), most = std::max(most, *value);
  }
  void take_part(const int16_t*, int) {}
  void store_to(int16_t* lowest, int16_t* highest) const { *lowest = least, *highest = most; }
};

struct Squares {
  uint64_t squares = 0;
  static constexpr int step = 1;
  void take(const int16_t* value) { squares += uint64_t(int64_t(*value) * *value); }
  void take_part(const int16_t*, int) {}
  uint64_t sum() const { return squares; }
};

}  // namespace
}  // namespace xfblas
