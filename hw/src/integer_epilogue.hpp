// From a sum of integers to an element of C: the formulas of docs/instructions.md.
#ifndef XFBLAS_INTEGER_EPILOGUE_HPP
#define XFBLAS_INTEGER_EPILOGUE_HPP

#include "element.hpp"
#include "xfblas/activation.hpp"
#include "xfblas/entry_table.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

// What happens to a sum on its way to C.
struct Epilogue {
  // As wide as their fields, because the multipliers' sizes follow from them.
  unsigned_bits<16> post_scale;
  unsigned_bits<8> post_shift;
  signed_bits<10> prelu_scale;
  unsigned_bits<5> prelu_alpha;
  uint32_t activation;
  uint32_t input_fraction, output_fraction;
  uint32_t groups;
  bool rounds, saturates;
};

// The arithmetic shift of a 48-bit value by 0 to 255 places.
inline int64_t shifted_right(int64_t value, uint32_t places) {
#pragma HLS INLINE
  return value >> (places > 63 ? 63 : places);
}

template <class Traits>
struct IntegerEpilogue {
  static constexpr int bits = Traits::bits;
  static constexpr int64_t maximum = (int64_t(1) << (bits - 1)) - 1;
  static constexpr int64_t minimum = -maximum - 1;

  static int64_t add(int64_t sum, int64_t addend) {
#pragma HLS INLINE
    return wrapped<Traits::accumulator_bits>(int64_t(uint64_t(sum) + uint64_t(addend)));
  }

  // Scale, shift, round and narrow: what every opcode does.
  static int32_t narrow(int64_t sum, const Epilogue& e) {
#pragma HLS INLINE
    const int64_t scaled = wrapped<48>(int64_t(signed_bits<48>(sum) * e.post_scale));
    // One shifter gives the value and, below it, the highest bit that was shifted out, which is
    // what rounding half up adds.
    const int64_t twice =
        e.post_shift == 0 ? scaled * 2 : shifted_right(scaled, uint32_t(e.post_shift) - 1);
    int64_t value = twice >> 1;
    if (e.rounds) value += twice & 1;
    if (e.saturates) value = value > maximum ? maximum : value < minimum ? minimum : value;
    return int32_t(wrapped<bits>(value));
  }

  // entries: of a table, see lane_tables.hpp.
  template <class Entries>
  static int32_t activate(int32_t c, const Epilogue& e, const Entries& entries) {
#pragma HLS INLINE
    if (e.activation == activation_table) {
      const TablePlace place = table_place<bits>(c, e.groups);
      return between_entries<bits>(entries[place.near], entries[place.far], place.part);
    }
    if (e.activation != activation_prelu)
      return fixed_activation<bits>(c, e.activation == activation_sigmoid, int(e.input_fraction),
                                    int(e.output_fraction));
    const int32_t product = int32_t(signed_bits<bits>(c) * e.prelu_scale);
    return c >= 0 ? c : int32_t(wrapped<bits>(product >> int(e.prelu_alpha)));
  }
};

}  // namespace xfblas

#endif
