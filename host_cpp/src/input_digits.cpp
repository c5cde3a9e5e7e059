#include "input_digits.hpp"

#include <cstring>

#include "native/kernels.hpp"

namespace xfblas {
namespace {

bool encode_digits(const float* row, const InputCoding& coding, const NearCoding* near,
                   int16_t* high, int16_t* low) {
  return kernels().encode16(row, coding, near, high, low);
}
bool encode_digits(const float* row, const InputCoding& coding, const NearCoding* near,
                   int8_t* high, int8_t* low) {
  return kernels().encode8(row, coding, near, high, low);
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
InputDigits<Element>::InputDigits(const InputCoding& coding, const NearCoding* near,
                                  uint64_t elements)
    : coding_(coding), near_(near) {
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
bool InputDigits<Element>::encode(const float* row, Element* to) {
  if (!coding_.columns) return encode_digits(row, coding_, near_, to, nullptr);
  auto* high = digits_.data();
  auto* low = coding_.base == 0 ? nullptr : high + coding_.features;
  const bool beyond = encode_digits(row, coding_, near_, high, low);
  for (const auto& run : runs_) copy(high + run.first_digit, run.count, to + run.first_element);
  return beyond;
}

template class InputDigits<int8_t>;
template class InputDigits<int16_t>;

}  // namespace xfblas
