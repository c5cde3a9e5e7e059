// Rows of floats into the elements of a model's first layer.
#ifndef XFBLAS_INPUT_DIGITS_HPP
#define XFBLAS_INPUT_DIGITS_HPP

#include <cstdint>
#include <vector>

#include "coding.hpp"

namespace xfblas {

// Encodes one row after the other; Element is int8_t or int16_t.
template <typename Element>
class InputDigits {
 public:
  // near: the coding in single precision, or null.
  InputDigits(const InputCoding& coding, const NearCoding* near, uint64_t elements);

  // Returns false where all values are finite and within the coding's limit.
  bool encode(const float* row, Element* to);

 private:
  // Elements that are neighbours among the digits too.
  struct Run {
    int64_t first_digit, first_element, count;
  };

  const InputCoding& coding_;
  const NearCoding* near_;
  std::vector<Run> runs_;        // where the coding has columns
  std::vector<Element> digits_;  // the high ones of all features, then the low ones
};

}  // namespace xfblas

#endif
