#include "clipped_inputs.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "native/kernels.hpp"

namespace xfblas {
namespace {

bool reach(double limit, const int16_t* elements, int64_t rows, int64_t columns, int64_t stride) {
  int32_t lowest, highest;
  kernels().range_of_rows(elements, stride, rows, columns, &lowest, &highest);
  return std::max(-lowest, highest) >= int32_t(limit);
}

bool reach(double limit, const int8_t* elements, int64_t rows, int64_t columns, int64_t stride) {
  int8_t lowest = 0, highest = 0;
  for (int64_t i = 0; i < rows; ++i, elements += stride)
    for (int64_t p = 0; p < columns; ++p) {
      lowest = std::min(lowest, elements[p]);
      highest = std::max(highest, elements[p]);
    }
  return std::max(-lowest, int(highest)) >= int(limit);
}

// Seldom needed: only rows with an element at the limit come here.
void count(const InputCoding& coding, const float* input, int64_t rows) {
  static std::mutex counting;
  const std::lock_guard<std::mutex> lock(counting);
  auto& clipped = *coding.clipped;
  for (int64_t i = 0; i < rows; ++i, input += coding.features) {
    bool is_clipped = false;
    for (uint64_t f = 0; f < coding.features; ++f) {
      const auto offset = coding.offsets ? coding.offsets[f] : 0.0;
      const auto size = std::abs((double(input[f]) - offset) * coding.scales[f]);
      if (!(size > coding.limit + 0.5)) continue;
      is_clipped = true;
      ++clipped.counts[f];
      clipped.factors[f] = std::max(clipped.factors[f], size / coding.limit);
    }
    clipped.rows += is_clipped;
  }
}

template <typename Element>
void count_where_reached(const InputCoding& coding, const float* input, const Element* elements,
                         int64_t rows, int64_t columns, int64_t stride) {
  // What is looked at again is still in the first-level cache.
  constexpr int64_t step = 16;
  for (int64_t i = 0; i < rows; i += step) {
    const auto some = std::min(step, rows - i);
    if (reach(coding.limit, elements + i * stride, some, columns, stride))
      count(coding, input + i * int64_t(coding.features), some);
  }
}

}  // namespace

void count_clipped(const InputCoding& coding, const float* input, const int16_t* elements,
                   int64_t rows, int64_t columns, int64_t stride) {
  count_where_reached(coding, input, elements, rows, columns, stride);
}

void count_clipped(const InputCoding& coding, const float* input, const int8_t* elements,
                   int64_t rows, int64_t columns, int64_t stride) {
  count_where_reached(coding, input, elements, rows, columns, stride);
}

}  // namespace xfblas
