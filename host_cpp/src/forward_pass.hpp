// A model's layers from float rows to float rows, in one call.
#ifndef XFBLAS_FORWARD_PASS_HPP
#define XFBLAS_FORWARD_PASS_HPP

#include <cstdint>
#include <vector>

#include "xfblas/instruction.hpp"

namespace xfblas {

// Elements of the first layer's A are the nearest to input * scale; the output is the last layer's
// C divided by its scales, and softmax of it where that is asked for.
struct ForwardPass {
  const float* input;
  uint64_t rows;
  const double* input_scales;   // one for each column
  std::vector<Instruction> layers;  // a chain; m is that of one program, whatever `rows` is
  const float* output_scales;   // one for each column of the last layer
  bool has_softmax;
  float* output;

  uint64_t input_columns() const { return layers.front().k; }
  uint64_t output_columns() const { return layers.back().n; }
};

// Fails with the place of a value that is not finite.
[[noreturn]] void fail_not_finite(const ForwardPass& pass, uint64_t row, uint64_t column);

// Between the floats of `rows` rows from `first` on and integer elements of 1 or 2 bytes, whose
// rows are `stride` bytes apart.
void quantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                   char* to, uint64_t stride);
void dequantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                     const char* from, uint64_t stride);

}  // namespace xfblas

#endif
