// Host arrays that an engine reads and writes where they lie.
#ifndef XFBLAS_HOST_OPERAND_HPP
#define XFBLAS_HOST_OPERAND_HPP

#include "memory/matrix.hpp"

namespace xfblas {

// Fails where a range of a host array, which a call would read or write, cannot be one, or is large
// and not all there: a wrong pointer or a size far too large must not end the process.
void require_there(const char* name, const void* data, uint64_t bytes);

// Fails where the array is NULL, has no elements or too short rows, or does not begin at a multiple
// of its elements' size.
void require_operand(const char* name, const HostMatrix& matrix);

// Fails where a result shares an element with another array, which is read while it is written.
// Parts of one array side by side, with its leading dimension, share none.
void require_disjoint(const char* name, const HostMatrix& result, const char* other_name,
                      const HostMatrix& other);

}  // namespace xfblas

#endif
