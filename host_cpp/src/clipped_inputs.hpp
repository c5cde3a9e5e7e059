// Inputs beyond what their coding holds, which are clamped to its limit.
#ifndef XFBLAS_CLIPPED_INPUTS_HPP
#define XFBLAS_CLIPPED_INPUTS_HPP

#include "coding.hpp"

namespace xfblas {

// Adds to coding.clipped what is clamped of a row of finite floats. Threads may share the counts.
void count_clipped(const InputCoding& coding, const float* row);

}  // namespace xfblas

#endif
