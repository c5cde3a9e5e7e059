// Functions of a tile's elements, in place: the formulas of xfblas/activation.hpp and
// entry_table.hpp in loops that compilers make gathers of: GCC from O3 on, eight times as fast.
#ifndef __clang__
#pragma GCC push_options
#pragma GCC optimize("O3")
#endif

namespace xfblas {
namespace {

template <typename Element, bool is_sigmoid>
void apply_function(const Requantization& r, int rows, int columns, Element* c, ptrdiff_t ldc) {
  const int input = r.input_fraction, output = r.output_fraction;
  for (int i = 0; i < rows; ++i, c += ldc)
    for (int j = 0; j < columns; ++j)
      c[j] = Element(fixed_activation<8 * sizeof(Element)>(c[j], is_sigmoid, input, output));
}

// The low bits of an entry's word.
inline int32_t entry_of(int32_t word) {
  constexpr int unused = 32 - entry_bits;
  return int32_t(uint32_t(word) << unused) >> unused;
}

template <typename Element>
void apply_table(const Requantization& r, int rows, int columns, Element* c, ptrdiff_t ldc) {
  constexpr int bits = 8 * sizeof(Element);
  const auto groups = r.groups;
  const auto* entries = r.entries;
  for (int i = 0; i < rows; ++i, c += ldc)
    for (int j = 0; j < columns; ++j) {
      const auto place = table_place<bits>(c[j], groups);
      c[j] = Element(between_entries<bits>(entry_of(entries[place.near]),
                                           entry_of(entries[place.far]), place.part));
    }
}

template <typename Element>
void apply_function(const Requantization& r, int rows, int columns, void* c, ptrdiff_t ldc) {
  auto* elements = static_cast<Element*>(c);
  if (r.function == activation_table) return apply_table(r, rows, columns, elements, ldc);
  if (r.function == activation_sigmoid)
    apply_function<Element, true>(r, rows, columns, elements, ldc);
  else apply_function<Element, false>(r, rows, columns, elements, ldc);
}

}  // namespace
}  // namespace xfblas
#ifndef __clang__
#pragma GCC pop_options
#endif
