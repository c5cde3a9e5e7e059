// What happens to a sum on its way to C: the formulas of SPEC 2.1 to 2.4, element by element.
#ifndef XFBLAS_NATIVE_ARITHMETIC_HPP
#define XFBLAS_NATIVE_ARITHMETIC_HPP

#include <algorithm>
#include <cstdint>
#include <limits>

#include "xfblas/activation.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

// Of the register that a sum is scaled in, and of the one that products are added up in.
constexpr uint32_t scaled_bits = 48;
template <typename Element>
constexpr uint32_t accumulator_bits = sizeof(Element) == 1 ? 32 : 48;

// Keeps the low bits, as a register of this width does.
template <uint32_t bits>
int64_t wrap(int64_t value) {
  constexpr uint32_t unused = 64 - bits;
  return int64_t(uint64_t(value) << unused) >> unused;
}

// The arithmetic shift of a 48-bit value by 0 to 255 places.
inline int64_t shift_right(int64_t value, uint32_t places) {
  return value >> std::min(places, 63u);
}

// Turns sums into elements of C for one instruction.
class IntegerEpilogue {
 public:
  explicit IntegerEpilogue(const Instruction& instruction)
      : post_scale_(post_scale(instruction.post)),
        post_shift_(post_shift(instruction.post)),
        prelu_scale_(prelu_scale(instruction.prelu)),
        prelu_alpha_(prelu_alpha(instruction.prelu)),
        rounds_(instruction.flags & flag_round && post_shift_ > 0),
        saturates_(instruction.flags & flag_saturate),
        activates_(instruction.opcode == opcode_fcn),
        function_(activation(instruction.flags)),
        input_fraction_(int(instruction.formats & 0xffu)),
        output_fraction_(int(instruction.formats >> 8 & 0xffu)) {}

  template <typename Element>
  Element operator()(int64_t sum) const {
    const int64_t kept = wrap<accumulator_bits<Element>>(sum);
    const int64_t scaled = wrap<scaled_bits>(int64_t(uint64_t(kept) * uint64_t(post_scale_)));
    int64_t shifted = shift_right(scaled, post_shift_);
    // Half up without a wider adder: the highest of the bits that were shifted out.
    if (rounds_) shifted += shift_right(scaled, post_shift_ - 1) & 1;
    if (saturates_)
      shifted = std::clamp<int64_t>(shifted, std::numeric_limits<Element>::min(),
                                    std::numeric_limits<Element>::max());
    const auto value = Element(shifted);
    if (!activates_) return value;
    if (function_ != activation_prelu)
      return Element(fixed_activation<8 * sizeof(Element)>(
          value, function_ == activation_sigmoid, input_fraction_, output_fraction_));
    if (value >= 0) return value;
    return Element((int64_t(value) * prelu_scale_) >> prelu_alpha_);
  }

 private:
  uint32_t post_scale_, post_shift_;
  int32_t prelu_scale_;
  uint32_t prelu_alpha_;
  bool rounds_, saturates_, activates_;
  uint32_t function_;
  int input_fraction_, output_fraction_;  // of the argument and the result of a function
};

// The float engine scales nothing; its PReLU is ReLU (scale 0) or the identity (scale 1).
class FloatEpilogue {
 public:
  explicit FloatEpilogue(const Instruction& instruction)
      : is_relu_(instruction.opcode == opcode_fcn && prelu_scale(instruction.prelu) == 0) {}

  template <typename Element>
  Element operator()(float sum) const {
    return is_relu_ && sum < 0 ? 0.0f : sum;
  }

 private:
  bool is_relu_;
};

}  // namespace xfblas

#endif
