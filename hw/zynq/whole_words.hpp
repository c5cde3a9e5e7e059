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
  static Status check(const Instruction& i, uint32_t memory_pages) {
#pragma HLS INLINE
    const Status status = Product<WholeWordShape>::check(i, memory_pages);
    if (status == status_ok && (i.n | i.ldc) % uint32_t(E::word_lanes) != 0)
      return status_leading_dimension;
    return status;
  }
};

}  // namespace xfblas

#endif
