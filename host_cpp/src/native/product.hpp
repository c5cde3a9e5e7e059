// C = epilogue(A*B + X) on this CPU, in blocks whose sums stay in the first-level cache.
#ifndef XFBLAS_NATIVE_PRODUCT_HPP
#define XFBLAS_NATIVE_PRODUCT_HPP

#include <algorithm>
#include <cstdint>

namespace xfblas {

template <typename Element, typename Addend>
struct Operands {
  const Element* a;
  const Element* b;
  Element* c;
  const Addend* x;  // null where nothing is added
  uint64_t m, k, n;
  uint64_t lda, ldb, ldc, ldx;  // ldx 0 uses one row of X for all rows of C
};

// Sum: what products are added up in. Every integer sum of this many products fits 64 bits.
template <typename Sum, typename Element, typename Addend, typename Epilogue>
void matrix_product(const Operands<Element, Addend>& o, const Epilogue& epilogue) {
  constexpr uint64_t block_rows = 4, block_columns = 256;
  for (uint64_t i0 = 0; i0 < o.m; i0 += block_rows) {
    const auto rows = std::min(block_rows, o.m - i0);
    for (uint64_t j0 = 0; j0 < o.n; j0 += block_columns) {
      const auto columns = std::min(block_columns, o.n - j0);
      Sum sums[block_rows][block_columns] = {};
      for (uint64_t p = 0; p < o.k; ++p) {
        const Element* b = o.b + p * o.ldb + j0;
        for (uint64_t i = 0; i < rows; ++i) {
          const Sum a = o.a[(i0 + i) * o.lda + p];
          for (uint64_t j = 0; j < columns; ++j) sums[i][j] += a * Sum(b[j]);
        }
      }
      for (uint64_t i = 0; i < rows; ++i) {
        Element* c = o.c + (i0 + i) * o.ldc + j0;
        const Addend* x = o.x ? o.x + (i0 + i) * o.ldx + j0 : nullptr;
        for (uint64_t j = 0; j < columns; ++j)
          c[j] = epilogue.template operator()<Element>(sums[i][j] + (x ? Sum(x[j]) : Sum(0)));
      }
    }
  }
}

}  // namespace xfblas

#endif
