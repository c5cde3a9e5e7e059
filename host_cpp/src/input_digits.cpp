#include "input_digits.hpp"

#include <cmath>
#include <cstring>

#include "native/kernels.hpp"

namespace xfblas {
namespace {

// Fewer do not pay for scales in single precision.
constexpr uint64_t fewest_rows = 4;

int64_t encode_digits(const float* row, const InputCoding& coding, const float* single_scales,
                      int16_t* high, int16_t* low) {
  return kernels().encode16(row, coding, single_scales, high, low);
}
int64_t encode_digits(const float* row, const InputCoding& coding, const float* single_scales,
                      int8_t* high, int8_t* low) {
  return kernels().encode8(row, coding, single_scales, high, low);
}

// Scales in single precision; none where one is too large or too small to keep its 24 bits in
// products that matter.
std::vector<float> single_scales(const InputCoding& coding) {
  constexpr double most = 1e30;
  std::vector<float> found(coding.features);
  for (uint64_t f = 0; f < coding.features; ++f) {
    const auto size = std::abs(coding.scales[f]);
    if (size != 0 && !(size > 1 / most && size < most)) return {};
    found[f] = float(coding.scales[f]);
  }
  return found;
}

// By whole chunks, the last of which overlaps the one before: most runs are too short for a call of
// memcpy to pay.
template <typename Element>
void copy(const Element* from, int64_t count, Element* to) {
  constexpr int64_t chunk = 16 / sizeof(Element);
  if (count < chunk) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
    return;
  }
  for (int64_t i = 0; i + chunk <= count; i += chunk) std::memcpy(to + i, from + i, 16);
  std::memcpy(to + count - chunk, from + count - chunk, 16);
}

}  // namespace

template <typename Element>
InputDigits<Element>::InputDigits(const InputCoding& coding, uint64_t elements, uint64_t rows)
    : coding_(coding) {
  if (rows >= fewest_rows) single_scales_ = single_scales(coding);
  if (!coding.columns) return;
  // Without a base the low digits stay zeros.
  digits_.resize(2 * coding.features);
  for (int64_t e = 0; e < int64_t(elements);) {
    const auto first = e;
    do ++e;
    while (e < int64_t(elements) && coding.columns[e] == coding.columns[e - 1] + 1);
    runs_.push_back({coding.columns[first], first, e - first});
  }
}

template <typename Element>
int64_t InputDigits<Element>::encode(const float* row, Element* to) {
  const auto* single = single_scales_.empty() ? nullptr : single_scales_.data();
  if (!coding_.columns) return encode_digits(row, coding_, single, to, nullptr);
  auto* high = digits_.data();
  auto* low = coding_.base == 0 ? nullptr : high + coding_.features;
  const auto bad = encode_digits(row, coding_, single, high, low);
  for (const auto& run : runs_) copy(high + run.first_digit, run.count, to + run.first_element);
  return bad;
}

template class InputDigits<int8_t>;
template class InputDigits<int16_t>;

}  // namespace xfblas
