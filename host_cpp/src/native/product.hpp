// One integer product over all threads, its B packed before or on the way.
#ifndef XFBLAS_NATIVE_PRODUCT_HPP
#define XFBLAS_NATIVE_PRODUCT_HPP

#include "native/multiply.hpp"
#include "native/panels.hpp"

namespace xfblas {

// With panels of all columns, which were packed for it.
void run_packed(const IntegerProduct& product, const Panels& panels);

// With B's rows: some columns at a time are packed, used and forgotten, so that no second copy of
// B is ever whole.
void run_unpacked(const IntegerProduct& product, const SourceOfB& b);

// y = A*x + y for m rows of k elements, whose sums wrap to the elements' size.
void run_vector_product(const SourceOfA& a, int64_t m, int64_t k, const void* x, void* y);

}  // namespace xfblas

#endif
