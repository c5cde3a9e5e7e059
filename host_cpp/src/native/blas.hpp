// A well-kept BLAS for float32 products: the one that this process has loaded already, which under
// Python is numpy's own OpenBLAS, else one of the system's.
#ifndef XFBLAS_NATIVE_BLAS_HPP
#define XFBLAS_NATIVE_BLAS_HPP

#include <cstdint>
#include <string>

namespace xfblas {

// C (m, n) = A (m, k) * B (k, n) + beta * C, row by row; rows are leading dimensions apart. Where
// beta is 0, C is only written.
struct FloatProduct {
  int64_t m, n, k;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  float beta;
  float* c;
  int64_t ldc;
};

// False where no BLAS was found; then nothing was computed.
bool run_blas(const FloatProduct& product);

// The path of the library that run_blas uses, or an empty text.
std::string blas_path();

}  // namespace xfblas

#endif
