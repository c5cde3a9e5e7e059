#include "native/softmax.hpp"

#include <algorithm>
#include <vector>

#include "xfblas/softmax.hpp"

namespace xfblas {
namespace {

class Unit {
 public:
  Unit(const char* memory, const Instruction& i)
      : f_(softmax_fields(i)),
        classes_(i.ldb),
        windows_(i.k / i.ldb),
        exp_(reinterpret_cast<const uint32_t*>(memory + uint64_t(i.b) * page_bytes)),
        inv_(exp_ + f_.exp_entries()),
        multipliers_(inv_ + f_.inv_entries()),
        x_(classes_),
        exponential_(classes_) {}

  template <typename Element>
  void row(const Element* from, Element* to) {
    constexpr int bits = 8 * sizeof(Element);
    scale(from);
    const auto largest = std::max_element(x_.begin(), x_.end());
    if (f_.kind == softmax_argmax) {
      std::fill_n(to, classes_, Element(0));
      to[largest - x_.begin()] = Element(softmax_result<bits>(1, -f_.result_shift));
      return;
    }
    if (f_.kind == softmax_legacy) {
      for (uint32_t i = 0; i < classes_; ++i)
        to[i] = Element(softmax_result<bits>(inverse_of_sum(x_[i]), f_.result_shift));
      return;
    }
    const auto inverse = inverse_of_sum(*largest);
    for (uint32_t j = 0; j < classes_; ++j)
      to[j] = Element(softmax_result<bits>(exponential_[j] * inverse, f_.result_shift));
  }

 private:
  template <typename Element>
  void scale(const Element* from) {
    for (uint32_t j = 0; j < classes_; ++j) {
      int64_t total = f_.offset;
      for (uint64_t w = 0; w < windows_; ++w) total += from[w * classes_ + j];
      x_[j] = softmax_logit(total, softmax_multiplier(multipliers_[j]), f_);
    }
  }
  // Leaves the exponentials behind.
  int64_t inverse_of_sum(int64_t other) {
    int64_t sum = 0;
    for (uint32_t j = 0; j < classes_; ++j) {
      const auto e = softmax_entry(exp_[softmax_exp_index(x_[j], other, f_)]);
      exponential_[j] = e;
      sum += softmax_addend(e, f_);
    }
    return softmax_entry(inv_[softmax_inv_index(sum, f_)]);
  }

  SoftmaxFields f_;
  uint32_t classes_;
  uint64_t windows_;
  const uint32_t *exp_, *inv_, *multipliers_;
  std::vector<int64_t> x_, exponential_;
};

template <typename Element>
void run_rows(const char* memory, const Instruction& i, const char* from, uint64_t from_stride,
              uint64_t rows, char* to, uint64_t to_stride) {
  Unit unit(memory, i);
  const auto* source = reinterpret_cast<const Element*>(from);
  auto* target = reinterpret_cast<Element*>(to);
  for (uint64_t row = 0; row < rows; ++row, source += from_stride, target += to_stride) {
    unit.row(source, target);
    std::fill(target + i.ldb, target + i.n, Element(0));
  }
}

}  // namespace

void run_softmax_rows(const char* memory, const Instruction& instruction, int element_bytes,
                      const char* from, uint64_t from_stride, uint64_t rows, char* to,
                      uint64_t to_stride) {
  if (element_bytes == 2)
    run_rows<int16_t>(memory, instruction, from, from_stride, rows, to, to_stride);
  else run_rows<int8_t>(memory, instruction, from, from_stride, rows, to, to_stride);
}

}  // namespace xfblas
