#include "forward_pass.hpp"

#include "error.hpp"
#include "native/kernels.hpp"

namespace xfblas {
namespace {

[[noreturn]] void fail_not_finite(const ForwardPass& pass, uint64_t row, uint64_t column) {
  fail(XFBLAS_STATUS_INVALID_VALUE, "input has ",
       pass.input[row * pass.coding.features + column], " at row ", row, ", column ", column,
       "; every value must be finite");
}

int64_t quantize(const float* from, const InputCoding& coding, int16_t* to) {
  return kernels().quantize16(from, coding.scales, coding.offsets, coding.limit,
                              int64_t(coding.features), to);
}
int64_t quantize(const float* from, const InputCoding& coding, int8_t* to) {
  return kernels().quantize8(from, coding.scales, coding.offsets, coding.limit,
                             int64_t(coding.features), to);
}

// Digits of features, dealt to elements.
class Digits {
 public:
  template <typename Element>
  int64_t encode(const float* from, const InputCoding& coding, uint64_t elements, Element* to) {
    if (!coding.columns) return quantize(from, coding, to);
    const auto features = coding.features;
    if (coding.base == 0) {
      // Copies alone: vectors compute the features, and elements are picked from them.
      high_.resize(features * sizeof(Element));
      auto* high = reinterpret_cast<Element*>(high_.data());
      const auto bad = quantize(from, coding, high);
      for (uint64_t e = 0; e < elements; ++e)
        to[e] = uint64_t(coding.columns[e]) < features ? high[coding.columns[e]] : Element(0);
      return bad;
    }
    digits_.resize(2 * features);
    for (uint64_t f = 0; f < features; ++f) {
      if (!std::isfinite(from[f])) return int64_t(f);
      const double offset = coding.offsets ? coding.offsets[f] : 0;
      const double scaled = (from[f] - offset) * coding.scales[f];
      const auto high = nearest_integer(scaled, coding.limit);
      digits_[f] = high;
      digits_[features + f] = nearest_integer((scaled - high) * coding.base, coding.base / 2);
    }
    for (uint64_t e = 0; e < elements; ++e) to[e] = Element(digits_[size_t(coding.columns[e])]);
    return -1;
  }

 private:
  std::vector<int32_t> digits_;
  std::vector<char> high_;
};

void divide(const int16_t* from, const OutputCoding& coding, float* to) {
  kernels().dequantize16(from, coding.scales, int64_t(coding.columns), to);
}
void divide(const int8_t* from, const OutputCoding& coding, float* to) {
  kernels().dequantize8(from, coding.scales, int64_t(coding.columns), to);
}

template <typename Element>
void decode(const Element* from, const OutputCoding& coding, float* to) {
  const auto columns = coding.columns;
  if (coding.windows == 1 && coding.offset == 0) {
    divide(from, coding, to);
  } else {
    for (uint64_t j = 0; j < columns; ++j) {
      int64_t sum = coding.offset;
      for (uint64_t window = 0; window < coding.windows; ++window) sum += from[window * columns + j];
      to[j] = float(sum) / coding.scales[j];
    }
  }
  if (coding.slope != 1)
    for (uint64_t j = 0; j < columns; ++j) to[j] = to[j] < 0 ? to[j] * coding.slope : to[j];
  if (coding.has_softmax) kernels().softmax(to, int64_t(columns));
}

}  // namespace

void quantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                   char* to, uint64_t stride) {
  Digits digits;
  for (uint64_t i = first; i < first + rows; ++i, to += stride) {
    const float* from = pass.input + i * pass.coding.features;
    const auto bad =
        element_bytes == 2
            ? digits.encode(from, pass.coding, pass.elements, reinterpret_cast<int16_t*>(to))
            : digits.encode(from, pass.coding, pass.elements, reinterpret_cast<int8_t*>(to));
    if (bad >= 0) fail_not_finite(pass, i, uint64_t(bad));
  }
}

void dequantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                     const char* from, uint64_t stride) {
  for (uint64_t i = first; i < first + rows; ++i, from += stride) {
    float* to = pass.output + i * pass.decoding.columns;
    if (element_bytes == 2) decode(reinterpret_cast<const int16_t*>(from), pass.decoding, to);
    else decode(reinterpret_cast<const int8_t*>(from), pass.decoding, to);
  }
}

}  // namespace xfblas
