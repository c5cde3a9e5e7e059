// The Fcn engine of the Zynq tops: that of the cards, but C has nothing but whole memory words, and
// feature maps are left to the cards.
//
// So its writer never reads, and one AXI port carries everything: a dataflow region lets a port
// be read by one process and be written by one. What walks over maps would take a third of a small
// chip, and no program of these tops has any.
#ifndef XFBLAS_WHOLE_WORDS_HPP
#define XFBLAS_WHOLE_WORDS_HPP

#include "../src/kernel.hpp"

namespace xfblas {

struct WholeWordShape : ProductShape<ConfiguredShape, opcode_fcn> {
  static constexpr bool has_units = false;
};

template <>
struct TakesWholeWords<WholeWordShape> {
  static constexpr bool value = true;
};

struct WholeWordProduct : Product<WholeWordShape> {
  static Status check(const Instruction& i, const Instruction& before, uint32_t memory_pages) {
#pragma HLS INLINE
    if (i.opcode == opcode_map || i.opcode == opcode_window || before.opcode == opcode_map)
      return status_unknown_opcode;
    const Status status = Product<WholeWordShape>::check(i, before, memory_pages);
    if (status != status_ok) return status;
    return (i.n | i.ldc) % uint32_t(E::word_lanes) != 0 ? status_leading_dimension : status_ok;
  }
  static void run(const typename E::Word* rd, typename E::Word* wr, const Instruction& i,
                  const Instruction&) {
#pragma HLS INLINE
    if (i.opcode == opcode_softmax)
      softmax<E>(rd, wr, softmax_task_of<E>(i));
    else
      multiply<E>(rd, wr, task_of<E>(i));
  }
};

}  // namespace xfblas

#endif
