// What an instruction does to a sum on its way to C, as the kernels take it.
#ifndef XFBLAS_NATIVE_REQUANTIZATION_HPP
#define XFBLAS_NATIVE_REQUANTIZATION_HPP

#include <cstdint>

#include "xfblas/instruction.hpp"

namespace xfblas {

// How much of a sum is there.
enum class Reach {
  low_bits,  // the low 32 bits, from which C follows
  fits_32,   // the sum itself, which fits
  wide,      // all 48 bits
};

struct Requantization {
  explicit Requantization(const Instruction& i)
      : scale(post_scale(i.post)),
        shift(int(post_shift(i.post))),
        rounds(i.flags & flag_round && post_shift(i.post) > 0),
        saturates(i.flags & flag_saturate),
        prelu_scale(xfblas::prelu_scale(i.prelu)),
        prelu_alpha(int(xfblas::prelu_alpha(i.prelu))),
        function(i.opcode == opcode_fcn ? activation(i.flags) : activation_prelu),
        input_fraction(int(i.formats & 0xffu)),
        output_fraction(int(i.formats >> 8 & 0xffu)),
        groups(i.formats) {
    activates = i.opcode == opcode_fcn && function == activation_prelu &&
                !(prelu_scale == 1 && prelu_alpha == 0);
  }

  // Whether C follows from the low 32 bits of the sum: wrapping keeps one element from `shift` on.
  bool needs_low_bits_only(int element_bytes) const {
    return !keeps_sums && !saturates && shift <= 32 - 8 * element_bytes;
  }

  // Whether an element is a sum that fits 32 bits, times the scale, shifted and clamped, with all
  // of it in 64 bits: with a sum and X of 32 bits each the product stays below 2^47, so that
  // wrapping at 48 bits changes nothing, and the result of the shift fits 32 bits.
  bool only_clamps() const {
    return saturates && scale <= 32768 && shift > 16 && shift <= 32 &&
           function == activation_prelu && (!activates || prelu_scale == 0);
  }
  // Then it is the upper half of sum * scale + half in 64 bits, by a scale that has the shift in
  // it: the factors stay below 2^31.
  int32_t scale_with_shift() const { return int32_t(scale << (32 - shift)); }
  int64_t half_with_shift() const { return rounds ? int64_t(1) << 31 : 0; }

  // Whether an element is the low bits of its sum, as in a product without an epilogue.
  bool keeps_low_bits() const { return scale == 1 && shift == 0 && !saturates && !activates; }

  uint32_t scale;
  int shift;
  bool rounds, saturates, activates;  // activates: by PReLU that changes something
  bool keeps_sums = false;            // C is the sums themselves, int64, and nothing happens to them
  int32_t prelu_scale;
  int prelu_alpha;
  uint32_t function;                     // instead of PReLU
  int input_fraction, output_fraction;  // of the argument and the result of tanh and sigmoid
  uint32_t groups;                      // of a table, and where that lies
  const int32_t* entries = nullptr;
};

}  // namespace xfblas

#endif
