// What happens to a sum on its way to C: the formulas of SPEC 2.1 to 2.3, element by element.
#ifndef XFBLAS_NATIVE_ARITHMETIC_HPP
#define XFBLAS_NATIVE_ARITHMETIC_HPP

#include <algorithm>
#include <cstdint>
#include <limits>

#include "xfblas/instruction.hpp"

namespace xfblas {

constexpr uint32_t accumulator_bits = 48;

// Keeps the low 48 bits, as the accumulator's register does.
inline int64_t wrap_accumulator(int64_t value) {
  constexpr uint32_t unused = 64 - accumulator_bits;
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
        has_prelu_(instruction.opcode == opcode_fcn) {}

  template <typename Element>
  Element operator()(int64_t sum) const {
    const int64_t scaled = wrap_accumulator(
        int64_t(uint64_t(wrap_accumulator(sum)) * uint64_t(post_scale_)));
    int64_t shifted = shift_right(scaled, post_shift_);
    // Half up without a wider adder: the highest of the bits that were shifted out.
    if (rounds_) shifted += shift_right(scaled, post_shift_ - 1) & 1;
    if (saturates_)
      shifted = std::clamp<int64_t>(shifted, std::numeric_limits<Element>::min(),
                                    std::numeric_limits<Element>::max());
    const auto value = Element(shifted);
    if (!has_prelu_ || value >= 0) return value;
    return Element((int64_t(value) * prelu_scale_) >> prelu_alpha_);
  }

 private:
  uint32_t post_scale_, post_shift_;
  int32_t prelu_scale_;
  uint32_t prelu_alpha_;
  bool rounds_, saturates_, has_prelu_;
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
