// The bits of an element, for words that memory packs and for addends wider than an element.
#ifndef XFBLAS_BITS_HPP
#define XFBLAS_BITS_HPP

#include <stdint.h>

namespace xfblas {

template <class T, class Unsigned>
struct IntegerBits {
  using type = Unsigned;
  static type of(T value) { return type(value); }
  static T back(type bits) { return T(bits); }
};

template <class T>
struct Bits;
template <>
struct Bits<int8_t> : IntegerBits<int8_t, uint8_t> {};
template <>
struct Bits<int16_t> : IntegerBits<int16_t, uint16_t> {};
template <>
struct Bits<int32_t> : IntegerBits<int32_t, uint32_t> {};

// The vendor's compiler takes a union for what it is: the same wires.
template <>
struct Bits<float> {
  using type = uint32_t;
  union Same {
    float value;
    type bits;
  };
  static type of(float value) {
    Same same;
    same.value = value;
    return same.bits;
  }
  static float back(type bits) {
    Same same;
    same.bits = bits;
    return same.value;
  }
};

}  // namespace xfblas

#endif
