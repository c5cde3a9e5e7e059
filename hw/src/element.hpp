// What an engine needs to know of its element type: the accumulator, the addend, their bits.
#ifndef XFBLAS_ELEMENT_HPP
#define XFBLAS_ELEMENT_HPP

#include <stdint.h>

#include "bits.hpp"
#include "integer.hpp"

namespace xfblas {

template <class Element>
struct ElementTraits;

template <>
struct ElementTraits<int16_t> {
  static constexpr bool is_float = false;
  static constexpr int bits = 16;
  static constexpr int accumulator_bits = 48;
  // Cycles between two updates of one sum in the array: LUTRAM is read into a register, the
  // multiplier's own adder has another one, then LUTRAM is written.
  static constexpr int update_interval = 3;
  // The same where an adder of its own follows the products.
  static constexpr int adder_interval = 2;
  using Accumulator = signed_bits<accumulator_bits>;
  using WideAddend = int32_t;

  // A product has 31 bits, so that no k below 2^32 makes the sum leave 64.
  static Accumulator multiply_add(Accumulator sum, int16_t a, int16_t b) {
#pragma HLS INLINE
    return Accumulator(sum + int32_t(a) * int32_t(b));
  }
  static Accumulator add(Accumulator a, Accumulator b) {
#pragma HLS INLINE
    return Accumulator(a + b);
  }
};

template <>
struct ElementTraits<int8_t> {
  static constexpr bool is_float = false;
  static constexpr int bits = 8;
  static constexpr int accumulator_bits = 32;
  // 32 bits are added beside the multiplier, in the cycle in which LUTRAM is written: a multiplier
  // that two products share has no adder for both of them.
  static constexpr int update_interval = 2;
  static constexpr int adder_interval = 2;
  using Accumulator = signed_bits<accumulator_bits>;
  using WideAddend = int32_t;

  static Accumulator multiply_add(Accumulator sum, int8_t a, int8_t b) {
#pragma HLS INLINE
    return add(sum, Accumulator(int32_t(a) * int32_t(b)));
  }
  // Unsigned, because a sum of 32 bits wraps.
  static Accumulator add(Accumulator a, Accumulator b) {
#pragma HLS INLINE
    const uint32_t sum = uint32_t(int32_t(a)) + uint32_t(int32_t(b));
#pragma HLS BIND_OP variable=sum op=add impl=fabric
    return Accumulator(int32_t(sum));
  }
};

template <>
struct ElementTraits<float> {
  static constexpr bool is_float = true;
  static constexpr int bits = 32;
  static constexpr int accumulator_bits = 32;
  static constexpr int update_interval = 8;  // the latency of a floating-point adder
  static constexpr int adder_interval = update_interval;
  using Accumulator = float;
  using WideAddend = float;

  static Accumulator multiply_add(Accumulator sum, float a, float b) {
#pragma HLS INLINE
    return sum + a * b;
  }
  static Accumulator add(Accumulator a, Accumulator b) {
#pragma HLS INLINE
    return a + b;
  }
};

}  // namespace xfblas

#endif
