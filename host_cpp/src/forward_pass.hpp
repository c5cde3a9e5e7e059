// A model's layers from float rows to float rows, in one call.
#ifndef XFBLAS_FORWARD_PASS_HPP
#define XFBLAS_FORWARD_PASS_HPP

#include <cstdint>
#include <vector>

#include "coding.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

// Layers have the sizes that the image pads to; what is padded holds zeros.
struct ForwardPass {
  const float* input;
  uint64_t rows;
  InputCoding coding;
  const NearCoding* near;  // the same, null where it does not pay
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
