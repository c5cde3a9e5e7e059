// Inputs beyond what their coding holds, which are clamped to its limit.
#ifndef XFBLAS_CLIPPED_INPUTS_HPP
#define XFBLAS_CLIPPED_INPUTS_HPP

#include <cstdint>

#include "coding.hpp"

namespace xfblas {

// Adds to coding.clipped what was clamped of `rows` rows of floats, given the elements that they
// became, whose rows are `stride` elements apart. Threads may share the counts.
void count_clipped(const InputCoding& coding, const float* input, const int16_t* elements,
                   int64_t rows, int64_t columns, int64_t stride);
void count_clipped(const InputCoding& coding, const float* input, const int8_t* elements,
                   int64_t rows, int64_t columns, int64_t stride);

}  // namespace xfblas

#endif
