// A model's layers from float rows to float rows, in one call.
#ifndef XFBLAS_FORWARD_PASS_HPP
#define XFBLAS_FORWARD_PASS_HPP

#include <cstdint>
#include <vector>

#include "xfblas/instruction.hpp"

namespace xfblas {

// How features become elements of the first layer's A. A feature is a = (x - offset) * scale; its
// high digit is the nearest integer to a, clamped to +-limit, and its low one the nearest to
// (a - high) * base, clamped to +-base/2. Element e is the high digit of feature columns[e], or the
// low one of columns[e] - features; without columns element e is the high digit of feature e.
struct InputCoding {
  uint64_t features;
  const double* scales;
  const double* offsets;  // null for zeros
  double limit, base;
  const int32_t* columns;
};

// How the last layer's C becomes the output. Column j is offset plus the sum of C's columns j,
// j + columns, ... of each window (see xfblas/quantization/output_windows.py), divided by scales[j],
// times the slope where that is negative; then softmax of the row where asked for.
struct OutputCoding {
  uint64_t columns;
  const float* scales;
  uint64_t windows;
  int64_t offset;
  float slope;
  bool has_softmax;
};

// Layers have the sizes that the image pads to; what is padded holds zeros.
struct ForwardPass {
  const float* input;
  uint64_t rows;
  InputCoding coding;
  uint64_t elements;  // of the first layer's A, without padding
  std::vector<Instruction> layers;  // a chain; m is that of one program, whatever `rows` is
  OutputCoding decoding;
  float* output;
};

// The first value that is not finite is an error, which tells its place.
//
// Between the floats of `rows` rows from `first` on and integer elements of 1 or 2 bytes, whose
// rows are `stride` bytes apart.
void quantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                   char* to, uint64_t stride);
void dequantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                     const char* from, uint64_t stride);

}  // namespace xfblas

#endif
