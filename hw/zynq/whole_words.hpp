// The Fcn engine of the Zynq tops: that of the cards, but C has nothing but whole memory words.
//
// So its writer never reads, and one AXI port carries everything: a dataflow region lets a port
// be read by one process and be written by one.
#ifndef XFBLAS_WHOLE_WORDS_HPP
#define XFBLAS_WHOLE_WORDS_HPP

#include "../src/kernel.hpp"

namespace xfblas {

struct WholeWordShape : ProductShape<ConfiguredShape, opcode_fcn> {};

template <>
struct TakesWholeWords<WholeWordShape> {
  static constexpr bool value = true;
};

struct WholeWordProduct : Product<WholeWordShape> {
  static Status check(const Instruction& i, const Instruction& before, uint32_t memory_pages) {
#pragma HLS INLINE
    const Status status = Product<WholeWordShape>::check(i, before, memory_pages);
    if (status != status_ok || i.opcode == opcode_map) return status;
    uint32_t places = i.n | i.ldc;
    if (before.opcode == opcode_map) {
      const FeatureMap map = feature_map(before);
      places |= map.c_first | map.c_row | map.c_frame;
    }
    return places % uint32_t(E::word_lanes) != 0 ? status_leading_dimension : status_ok;
  }
};

}  // namespace xfblas

#endif
