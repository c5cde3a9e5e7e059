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

// High digits in single precision, except where that might give another integer than double.
//
// A scale and a product are rounded once more, each by a part of 2^-24: for products up to
// limit + 1 that is less than (limit + 1) * 2^-22. Farther than this from the middle between two
// integers both precisions round to the same; and beyond the limit both are clamped.
template <typename Element>
inline void encode_near(const float* from, const double* scales, const float* single_scales,
                        const InputCoding& coding, float margin, Element* high) {
  const auto found = roundings(from, single_scales, float(coding.limit), margin);
  if (found.are_certain) store_lanes(high, found.whole);
  else encode_lanes<Element>(from, scales, nullptr, coding, high, nullptr);
}

template <typename Element>
int64_t encode(const float* from, const InputCoding& coding, const float* single_scales,
               Element* high, Element* low) {
  const auto count = int64_t(coding.features);
  const auto* offsets = coding.offsets;
  Finiteness finite;
  int64_t i = 0;
  const bool is_near = single_scales && !offsets && !low;
  const auto margin = float(coding.limit + 1) / (1 << 22);
  for (; is_near && i + lanes <= count; i += lanes) {
    finite.take(from + i);
    encode_near(from + i, coding.scales + i, single_scales + i, coding, margin, high + i);
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
  if (finite.holds()) return -1;
  return std::find_if(from, from + count, [](float value) { return !std::isfinite(value); }) - from;
}

}  // namespace
}  // namespace xfblas
