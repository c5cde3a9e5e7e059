// Floats into the digits that the first layer takes; see InputCoding.

namespace xfblas {
namespace {

// The bits of finite numbers, without the sign, are less than these.
constexpr int32_t infinite_bits = 0x7f800000;

// Collects whether all values were finite.
class Finiteness {
 public:
  Finiteness() : largest_(zero()) {}
  void take(const float* values) {
    largest_ = larger(largest_, both_bits(load(values), set(0x7fffffff)));
  }
  bool holds() const {
    int32_t largest[lanes];
    store(largest, largest_);
    int32_t rest = 0;  // negative where one of them is
    for (int i = 0; i < lanes; ++i) rest |= infinite_bits - 1 - largest[i];
    return rest >= 0;
  }

 private:
  Vector largest_;
};

template <typename Element>
inline void encode_lanes(const float* from, const double* scales, const double* offsets,
                         const InputCoding& coding, Element* high, Element* low) {
  const auto values = scaled(from, scales, offsets);
  const auto whole = nearest(values, coding.limit);
  store_lanes(high, whole);
  if (low) store_lanes(low, nearest(remainders(values, whole, coding.base), coding.base / 2));
}

// Fewer features than a vector has lanes.
template <typename Element>
inline void encode_part(const float* from, const double* scales, const double* offsets,
                        const InputCoding& coding, int count, Element* high, Element* low) {
  double some_scales[lanes] = {}, some_offsets[lanes] = {};
  Element some_high[lanes], some_low[lanes];
  std::copy_n(scales, count, some_scales);
  if (offsets) std::copy_n(offsets, count, some_offsets);
  encode_lanes(from, some_scales, offsets ? some_offsets : nullptr, coding, some_high,
               low ? some_low : nullptr);
  std::copy_n(some_high, count, high);
  if (low) std::copy_n(some_low, count, low);
}

// Vectors that are rounded together, before it is asked whether all were certain.
constexpr int vectors_of_group = 4;

// High digits of `vectors` vectors at a time in single precision, except where that might give
// another integer than double: those are computed again. Returns the first feature that is left.
template <int vectors, typename Element>
inline int64_t encode_near(const float* from, const InputCoding& coding, const NearCoding& near,
                           int64_t first, NearRoundings& roundings, Element* high) {
  constexpr int step = vectors * lanes;
  const auto count = int64_t(coding.features);
  for (; first + step <= count; first += step) {
    Vector whole[vectors];
    for (int j = 0; j < vectors; ++j) {
      const auto at = first + j * lanes;
      whole[j] = roundings.take(from + at, near.scales + at, near.shifts + at);
    }
    if (roundings.are_certain(near.margin)) {
      for (int j = 0; j < vectors; ++j) store_lanes(high + first + j * lanes, whole[j]);
      continue;
    }
    for (auto at = first; at < first + step; at += lanes)
      encode_lanes<Element>(from + at, coding.scales + at,
                            coding.offsets ? coding.offsets + at : nullptr, coding, high + at,
                            nullptr);
  }
  return first;
}

template <typename Element>
int64_t encode(const float* from, const InputCoding& coding, const NearCoding* near, Element* high,
               Element* low) {
  const auto count = int64_t(coding.features);
  const auto* offsets = coding.offsets;
  Finiteness finite;
  NearRoundings roundings{float(coding.limit)};
  int64_t i = 0;
  if (near && !low) {
    i = encode_near<vectors_of_group>(from, coding, *near, i, roundings, high);
    i = encode_near<1>(from, coding, *near, i, roundings, high);
  }
  for (; i + lanes <= count; i += lanes) {
    finite.take(from + i);
    encode_lanes(from + i, coding.scales + i, offsets ? offsets + i : nullptr, coding, high + i,
                 low ? low + i : nullptr);
  }
  if (i < count) {
    float rest[lanes] = {};
    std::copy(from + i, from + count, rest);
    finite.take(rest);
    encode_part(rest, coding.scales + i, offsets ? offsets + i : nullptr, coding, int(count - i),
                high + i, low ? low + i : nullptr);
  }
  if (finite.holds() && roundings.are_finite()) return -1;
  return std::find_if(from, from + count, [](float value) { return !std::isfinite(value); }) - from;
}

}  // namespace
}  // namespace xfblas
