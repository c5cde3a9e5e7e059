// Rows of floats into the elements of a model's first layer, and those of its last layer into rows.
#ifndef XFBLAS_NATIVE_CODED_ROWS_HPP
#define XFBLAS_NATIVE_CODED_ROWS_HPP

#include <cstdint>

#include "native/row_block.hpp"
#include "prediction/prediction.hpp"

namespace xfblas {

// The first value that is not finite is an error, which tells its place.
//
// Between the floats of `rows` rows from `first` on and integer elements of 1 or 2 bytes, whose
// rows are `stride` bytes apart.
void quantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                   char* to, uint64_t stride);
// As planes of bytes instead, of rows of k elements of 2 bytes: one after the other comes to `row`,
// which has zeros behind the coding's elements, and is split from there.
RowPlanes quantize_planes(const ForwardPass& pass, uint64_t first, uint64_t rows, int64_t k,
                          int16_t* row, RowBlock& to);
void dequantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                     const char* from, uint64_t stride);

}  // namespace xfblas

#endif
