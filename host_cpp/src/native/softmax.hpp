// Softmax by tables on this CPU; what it computes stands in xfblas/softmax.hpp.
#ifndef XFBLAS_NATIVE_SOFTMAX_HPP
#define XFBLAS_NATIVE_SOFTMAX_HPP

#include <cstdint>

#include "xfblas/instruction.hpp"

namespace xfblas {

// Rows of elements of 1 or 2 bytes, `stride` elements apart; memory holds the parameters.
void run_softmax_rows(const char* memory, const Instruction& instruction, int element_bytes,
                      const char* from, uint64_t from_stride, uint64_t rows, char* to,
                      uint64_t to_stride);

}  // namespace xfblas

#endif
