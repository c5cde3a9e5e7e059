#include "forward_pass.hpp"

#include <algorithm>
#include <cmath>

#include "clipped_inputs.hpp"
#include "error.hpp"
#include "input_digits.hpp"
#include "native/kernels.hpp"

namespace xfblas {
namespace {

// A row with a value that is not finite, or that its coding clamps.
void look_at(const ForwardPass& pass, uint64_t row) {
  const auto* first = pass.input + row * pass.coding.features;
  const auto* end = first + pass.coding.features;
  const auto* bad = std::find_if(first, end, [](float value) { return !std::isfinite(value); });
  if (bad != end)
    fail(XFBLAS_STATUS_INVALID_VALUE, "input has ", *bad, " at row ", row, ", column ", bad - first,
         "; every value must be finite");
  if (pass.coding.clipped) count_clipped(pass.coding, first);
}

template <typename Element>
void encode_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, char* to,
                 uint64_t stride) {
  InputDigits<Element> digits(pass.coding, pass.near, pass.elements);
  for (uint64_t i = first; i < first + rows; ++i, to += stride) {
    const float* row = pass.input + i * pass.coding.features;
    if (digits.encode(row, reinterpret_cast<Element*>(to))) look_at(pass, i);
  }
}

}  // namespace

void quantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                   char* to, uint64_t stride) {
  if (element_bytes == 2) encode_rows<int16_t>(pass, first, rows, to, stride);
  else encode_rows<int8_t>(pass, first, rows, to, stride);
}

void dequantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                     const char* from, uint64_t stride) {
  const auto& coding = pass.decoding;
  static thread_local std::vector<float> space;
  space.resize(std::max(space.size(), kernels().decode_space(coding)));
  float* to = pass.output + first * coding.columns;
  const auto step = int64_t(stride) / element_bytes;
  if (element_bytes == 2)
    kernels().decode16(reinterpret_cast<const int16_t*>(from), step, int64_t(rows), coding,
                       space.data(), to);
  else
    kernels().decode8(reinterpret_cast<const int8_t*>(from), step, int64_t(rows), coding,
                      space.data(), to);
}

}  // namespace xfblas
