#include "native/float_product.hpp"

#include <algorithm>

#include "native/statistics.hpp"

namespace xfblas {
namespace {

// For machines without any BLAS.
void multiply_plainly(const FloatProduct& p) {
  for (int64_t i = 0; i < p.m; ++i) {
    float* c = p.c + i * p.ldc;
    if (p.beta == 0) std::fill_n(c, p.n, 0.0f);
    for (int64_t q = 0; q < p.k; ++q) {
      const float a = p.a[i * p.lda + q];
      const float* b = p.b + q * p.ldb;
      for (int64_t j = 0; j < p.n; ++j) c[j] += a * b[j];
    }
  }
}

}  // namespace

void run_float(FloatProduct product, const float* x, int64_t ldx, bool is_relu) {
  if (explains()) explain_float(product.m, product.k, product.n);
  // C may be X, which is then there already.
  if (x && (x != product.c || ldx != product.ldc))
    for (int64_t i = 0; i < product.m; ++i)
      std::copy_n(x + i * ldx, product.n, product.c + i * product.ldc);
  product.beta = x ? 1 : 0;
  if (!run_blas(product)) multiply_plainly(product);
  if (!is_relu) return;
  for (int64_t i = 0; i < product.m; ++i) {
    float* row = product.c + i * product.ldc;
    // As a selection, so that what is not a number stays so.
    for (int64_t j = 0; j < product.n; ++j) row[j] = row[j] < 0 ? 0.0f : row[j];
  }
}

void run_float_vector(const float* a, int64_t lda, int64_t m, int64_t k, const float* x, float* y) {
  if (explains()) explain_float(m, k, 1);
  // A column of n = 1 is contiguous with a leading dimension of 1.
  const FloatProduct product{m, 1, k, a, lda, x, 1, 1, y, 1};
  if (!run_blas(product)) multiply_plainly(product);
}

}  // namespace xfblas
