// Floats into the digits that the first layer takes; see InputCoding.

namespace xfblas {
namespace {

// Returns whether a value is beyond the limit by more than rounding brings back, or not finite.
template <typename Element>
inline bool encode_lanes(const float* from, const double* scales, const double* offsets,
                         const InputCoding& coding, Element* high, Element* low) {
  const auto values = scaled(from, scales, offsets);
  const auto whole = nearest(values, coding.limit);
  store_lanes(high, whole);
  if (low) store_lanes(low, nearest(remainders(values, whole, coding.base), coding.base / 2));
  return exceed(values, coding.limit + 0.5);
}

// Fewer features than a vector has lanes.
template <typename Element>
inline bool encode_part(const float* from, const double* scales, const double* offsets,
                        const InputCoding& coding, int count, Element* high, Element* low) {
  float some[lanes] = {};
  double some_scales[lanes] = {}, some_offsets[lanes] = {};
  Element some_high[lanes], some_low[lanes];
  std::copy_n(from, count, some);
  std::copy_n(scales, count, some_scales);
  if (offsets) std::copy_n(offsets, count, some_offsets);
  const bool beyond = encode_lanes(some, some_scales, offsets ? some_offsets : nullptr, coding,
                                   some_high, low ? some_low : nullptr);
  std::copy_n(some_high, count, high);
  if (low) std::copy_n(some_low, count, low);
  return beyond;
}

// Vectors that are rounded together, before it is asked whether all were certain.
constexpr int vectors_of_group = 4;

template <typename Element, int vectors>
inline void store_all(Element* to, const Vector (&values)[vectors]) {
  if constexpr (vectors == 4) store_four(to, values);
  else
    for (int j = 0; j < vectors; ++j) store_clamped(to + j * lanes, values[j]);
}

// High digits of `vectors` vectors at a time in single precision, except where that might give
// another integer than double: those are computed again. Returns the first feature that is left.
template <int vectors, typename Element>
inline int64_t encode_near(const float* from, const InputCoding& coding, const NearCoding& near,
                           int64_t first, NearRoundings& roundings, bool& beyond, Element* high) {
  constexpr int step = vectors * lanes;
  const auto count = int64_t(coding.features);
  for (; first + step <= count; first += step) {
    Vector whole[vectors];
    if (roundings.round(from + first, near.scales + first, near.shifts + first, whole)) {
      store_all(high + first, whole);
      continue;
    }
    for (auto at = first; at < first + step; at += lanes)
      beyond |= encode_lanes<Element>(from + at, coding.scales + at,
                                      coding.offsets ? coding.offsets + at : nullptr, coding,
                                      high + at, nullptr);
  }
  return first;
}

template <typename Element>
bool encode(const float* from, const InputCoding& coding, const NearCoding* near, Element* high,
            Element* low) {
  const auto count = int64_t(coding.features);
  const auto* offsets = coding.offsets;
  bool beyond = false;
  int64_t i = 0;
  if (near && !low) {
    NearRoundings roundings(float(coding.limit), *near);
    i = encode_near<vectors_of_group>(from, coding, *near, i, roundings, beyond, high);
    i = encode_near<1>(from, coding, *near, i, roundings, beyond, high);
    beyond |= roundings.exceed();
  }
  for (; i + lanes <= count; i += lanes)
    beyond |= encode_lanes(from + i, coding.scales + i, offsets ? offsets + i : nullptr, coding,
                           high + i, low ? low + i : nullptr);
  if (i < count)
    beyond |= encode_part(from + i, coding.scales + i, offsets ? offsets + i : nullptr, coding,
                          int(count - i), high + i, low ? low + i : nullptr);
  return beyond;
}

}  // namespace
}  // namespace xfblas
