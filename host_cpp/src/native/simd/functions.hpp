// tanh and sigmoid of a tile's elements, in place: the formulas of xfblas/activation.hpp in a loop
// that compilers make gathers of.

namespace xfblas {
namespace {

template <typename Element, bool is_sigmoid>
void apply_function(const Requantization& r, int rows, int columns, Element* c, ptrdiff_t ldc) {
  const int input = r.input_fraction, output = r.output_fraction;
  for (int i = 0; i < rows; ++i, c += ldc)
    for (int j = 0; j < columns; ++j)
      c[j] = Element(fixed_activation<8 * sizeof(Element)>(c[j], is_sigmoid, input, output));
}

template <typename Element>
void apply_function(const Requantization& r, int rows, int columns, void* c, ptrdiff_t ldc) {
  auto* elements = static_cast<Element*>(c);
  if (r.function == activation_sigmoid)
    apply_function<Element, true>(r, rows, columns, elements, ldc);
  else apply_function<Element, false>(r, rows, columns, elements, ldc);
}

}  // namespace
}  // namespace xfblas
