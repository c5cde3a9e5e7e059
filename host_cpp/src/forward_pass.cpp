#include "forward_pass.hpp"

#include "error.hpp"
#include "native/kernels.hpp"

namespace xfblas {

void fail_not_finite(const ForwardPass& pass, uint64_t row, uint64_t column) {
  fail(XFBLAS_STATUS_INVALID_VALUE, "input has ", pass.input[row * pass.input_columns() + column],
       " at row ", row, ", column ", column, "; every value must be finite");
}

void quantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                   char* to, uint64_t stride) {
  const auto& kernels = xfblas::kernels();
  const auto columns = pass.input_columns();
  for (uint64_t i = first; i < first + rows; ++i, to += stride) {
    const float* from = pass.input + i * columns;
    const auto bad = element_bytes == 2
                         ? kernels.quantize16(from, pass.input_scales, int64_t(columns),
                                              reinterpret_cast<int16_t*>(to))
                         : kernels.quantize8(from, pass.input_scales, int64_t(columns),
                                             reinterpret_cast<int8_t*>(to));
    if (bad >= 0) fail_not_finite(pass, i, uint64_t(bad));
  }
}

void dequantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                     const char* from, uint64_t stride) {
  const auto& kernels = xfblas::kernels();
  const auto columns = pass.output_columns();
  for (uint64_t i = first; i < first + rows; ++i, from += stride) {
    float* to = pass.output + i * columns;
    if (element_bytes == 2)
      kernels.dequantize16(reinterpret_cast<const int16_t*>(from), pass.output_scales,
                           int64_t(columns), to);
    else
      kernels.dequantize8(reinterpret_cast<const int8_t*>(from), pass.output_scales,
                          int64_t(columns), to);
    if (pass.has_softmax) kernels.softmax(to, int64_t(columns));
  }
}

}  // namespace xfblas
