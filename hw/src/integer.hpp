// Integers of a given width: the vendor's where it is there, else the smallest standard
// type that holds them. Code that uses them must not rely on the wrap at that width.
#ifndef XFBLAS_INTEGER_HPP
#define XFBLAS_INTEGER_HPP

#include <stdint.h>

#if defined(__SYNTHESIS__) || defined(XFBLAS_VENDOR_STREAM)

#include <ap_int.h>

namespace xfblas {
template <int bits>
using signed_bits = ap_int<bits>;
template <int bits>
using unsigned_bits = ap_uint<bits>;
}

#else

namespace xfblas {
template <bool wide>
struct StandardInteger {
  using type = int64_t;
  using unsigned_type = uint64_t;
};
template <>
struct StandardInteger<false> {
  using type = int32_t;
  using unsigned_type = uint32_t;
};
template <int bits>
using signed_bits = typename StandardInteger<(bits > 32)>::type;
template <int bits>
using unsigned_bits = typename StandardInteger<(bits > 32)>::unsigned_type;
}  // namespace xfblas

#endif

namespace xfblas {

// The low `bits` of a value, read as two's complement.
template <int bits>
int64_t wrapped(int64_t value) {
#pragma HLS INLINE
  constexpr int unused = 64 - bits;
  return int64_t(uint64_t(value) << unused) >> unused;
}

}  // namespace xfblas

#endif
