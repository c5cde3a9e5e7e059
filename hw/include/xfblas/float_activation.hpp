// tanh and sigmoid in float32, to the last bit: the same for every target.
//
//   e(y)    = e^y by a series, for y from -86 to 88; what lies beyond counts as that
//   tanh    = 1 - 2 / (e(2s) + 1)
//   sigmoid = 1 / (1 + e(-s))
//
// Only sums, products and quotients of IEEE, each rounded by itself: no contraction. A NaN stays
// one. Free of the standard library, because the kernels include it.
#ifndef XFBLAS_FLOAT_ACTIVATION_HPP
#define XFBLAS_FLOAT_ACTIVATION_HPP

#include <stdint.h>

namespace xfblas {

constexpr float lowest_exponent = -86.0f, highest_exponent = 88.0f;

// 2^n for n from -126 to 127.
inline float power_of_two(int32_t n) {
#pragma HLS INLINE
  union {
    uint32_t bits;
    float value;
  } same;
  same.bits = uint32_t(n + 127) << 23;
  return same.value;
}

inline float float_exp(float y) {
#pragma HLS INLINE
  const float below = y < highest_exponent ? y : highest_exponent;
  const float inside = y > lowest_exponent ? below : lowest_exponent;
  const int32_t n = int32_t(inside * 1.44269504f + (inside < 0 ? -0.5f : 0.5f));
  // n * log(2) in two parts, the first of which is exact.
  const float r = (inside - float(n) * 0.693359375f) - float(n) * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 0.5f;
  return ((p * r) * r + r + 1.0f) * power_of_two(n);
}

inline float float_tanh(float s) {
#pragma HLS INLINE
  const float value = 1.0f - 2.0f / (float_exp(s + s) + 1.0f);
  return s == s ? value : s;
}

inline float float_sigmoid(float s) {
#pragma HLS INLINE
  const float value = 1.0f / (1.0f + float_exp(-s));
  return s == s ? value : s;
}

}  // namespace xfblas

#endif
