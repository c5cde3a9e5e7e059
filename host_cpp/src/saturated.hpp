// Sizes that cannot wrap: what is beyond 64 bits is the largest number, on 32-bit machines too.
#ifndef XFBLAS_SATURATED_HPP
#define XFBLAS_SATURATED_HPP

#include <cstdint>

namespace xfblas {

inline uint64_t saturated_product(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

inline uint64_t saturated_sum(uint64_t a, uint64_t b) {
  uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

}  // namespace xfblas

#endif
