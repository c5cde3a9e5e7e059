// A matrix on either side: in host memory, or in a range of a compute unit's.
#ifndef XFBLAS_MATRIX_HPP
#define XFBLAS_MATRIX_HPP

#include <cstdint>

namespace xfblas {

// The next multiple, for sizes above 0.
constexpr int64_t rounded_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}
// How many parts of so much take all of it.
constexpr int64_t parts_of(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

// A matrix in host memory.
struct HostMatrix {
  const char* data;
  int64_t rows, columns, leading_dimension, element_bytes;
};
inline HostMatrix host_matrix(const void* data, int64_t rows, int64_t columns,
                              int64_t leading_dimension, int64_t element_bytes) {
  return {static_cast<const char*>(data), rows, columns, leading_dimension, element_bytes};
}

// A range of a compute unit's memory that holds one matrix.
struct DeviceMatrix {
  uint64_t id = 0;  // never used twice, so a program can tell a freed matrix from its successor
  uint32_t page = 0;
  uint64_t bytes = 0;
  uint32_t element_bytes = 0;
  uint32_t rows = 0, columns = 0;  // as asked for, without padding
  uint32_t leading_dimension = 0;  // in elements, with padding
  bool pads_itself = false;        // made by xfblasMalloc
  // Of a B operand in the layout of xfblas/packed.hpp: n of its products, which are in whole words
  // but over maps. 0 of others.
  uint32_t packed_columns = 0;
  bool is_weight = false;  // made by xfblasMallocPacked or xfblasMallocPackedFilter

  bool is_packed() const { return packed_columns != 0; }
};

}  // namespace xfblas

#endif
