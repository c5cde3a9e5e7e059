// tanh and sigmoid in fixed point, to the last bit: the same for every target.
//
// The argument c is an integer with `input` fraction bits, the result has `output` fraction bits.
// One table serves both functions, since sigmoid(x) = (1 + tanh(x / 2)) / 2:
//
//   v = |c| * 2^(16 - input) for tanh, |c| * 2^(15 - input) for sigmoid, at most 2^19 - 1
//   i = v >> 10, f = v & 1023
//   y = T[i] + (((T[i + 1] - T[i]) * f + 512) >> 10)    T[i] = round(2^16 tanh(i / 64))
//   tanh    = sign(c) * min(round_half_up(y / 2^(16 - output)), maximum)
//   sigmoid = min(round_half_up((2^16 + sign(c) * y) / 2^(17 - output)), maximum)
//
// maximum is the largest element. The worst error against the exact function, rounding to
// `output` = 15 bits included, is worst_tanh_error and worst_sigmoid_error below; a test tries
// every argument of every format. Free of the standard library, because the kernels include it.
#ifndef XFBLAS_ACTIVATION_HPP
#define XFBLAS_ACTIVATION_HPP

#include <stdint.h>

namespace xfblas {

constexpr int tanh_segments = 512;  // of 1/64 each; tanh(8) is 1 in 16 bits
constexpr double worst_tanh_error = 4.2e-5;
constexpr double worst_sigmoid_error = 3.3e-5;

// e^x for 0 <= x <= 16: a short series for e^(x / 1024), then ten squarings.
constexpr double table_exp(double x) {
  const double small = x / 1024;
  double sum = 1, term = 1;
  for (int i = 1; i <= 10; ++i) {
    term = term * small / i;
    sum += term;
  }
  for (int i = 0; i < 10; ++i) sum *= sum;
  return sum;
}

struct TanhTable {
  uint32_t value[tanh_segments + 1];
};

constexpr TanhTable make_tanh_table() {
  TanhTable table{};
  for (int i = 0; i <= tanh_segments; ++i) {
    const double e = table_exp(2.0 * i / 64);
    table.value[i] = uint32_t(65536.0 * ((e - 1) / (e + 1)) + 0.5);
  }
  return table;
}

// Computed by the compiler; a ROM in hardware.
constexpr TanhTable tanh_table = make_tanh_table();

// tanh of v / 2^16, with 16 fraction bits.
inline int32_t tanh_of_magnitude(uint32_t v) {
#pragma HLS INLINE
  constexpr uint32_t largest = (1u << 19) - 1;
  const uint32_t inside = v > largest ? largest : v;
  const uint32_t segment = inside >> 10;
  const int32_t fraction = int32_t(inside & 1023u);
  const int32_t low = int32_t(tanh_table.value[segment]);
  const int32_t high = int32_t(tanh_table.value[segment + 1]);
  return low + (((high - low) * fraction + 512) >> 10);
}

// bits: of the element. input and output are at most bits - 1. One lookup for both functions,
// because every lane needs a table of its own.
template <int bits>
int32_t fixed_activation(int32_t c, bool is_sigmoid, int input, int output) {
#pragma HLS INLINE
  constexpr int32_t maximum = (1 << (bits - 1)) - 1;
  const int halved = is_sigmoid ? 1 : 0;
  const uint32_t magnitude = uint32_t(c < 0 ? -c : c) << (16 - halved - input);
  const int32_t y = tanh_of_magnitude(magnitude);
  // tanh is odd and gets its sign at the end, sigmoid is positive.
  const int32_t base = !is_sigmoid ? y : c < 0 ? 65536 - y : 65536 + y;
  const int places = 16 + halved - output;
  const int32_t rounded = (base + (1 << (places - 1))) >> places;
  const int32_t inside = rounded > maximum ? maximum : rounded;
  return !is_sigmoid && c < 0 ? -inside : inside;
}

template <int bits>
int32_t fixed_tanh(int32_t c, int input, int output) {
#pragma HLS INLINE
  return fixed_activation<bits>(c, false, input, output);
}

template <int bits>
int32_t fixed_sigmoid(int32_t c, int input, int output) {
#pragma HLS INLINE
  return fixed_activation<bits>(c, true, input, output);
}

}  // namespace xfblas

#endif
