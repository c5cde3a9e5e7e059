// C = act(A*B + X) in float32, where act is ReLU or nothing.
#ifndef XFBLAS_NATIVE_FLOAT_PRODUCT_HPP
#define XFBLAS_NATIVE_FLOAT_PRODUCT_HPP

#include "native/blas.hpp"

namespace xfblas {

// product.beta is ignored: x is added, or nothing where it is null. ldx 0 adds one row everywhere.
void run_float(FloatProduct product, const float* x, int64_t ldx, bool is_relu);

// y = A*x + y for m rows of k elements.
void run_float_vector(const float* a, int64_t lda, int64_t m, int64_t k, const float* x, float* y);

}  // namespace xfblas

#endif
