// The sizes of the matrix-vector engine. It is bound by memory, so its multipliers are as many as
// a memory word has elements, and nothing of A is kept.
#ifndef XFBLAS_VECTOR_SHAPE_HPP
#define XFBLAS_VECTOR_SHAPE_HPP

#include "shape.hpp"

namespace xfblas {

// block_rows: sums kept on chip; chunk: how many elements of x are on chip at a time.
template <class Element_, int word_bytes_, int block_rows_, int chunk_>
struct VectorShape {
  using Element = Element_;
  using Traits = ElementTraits<Element>;
  using Accumulator = typename Traits::Accumulator;

  static constexpr int word_bytes = word_bytes_;
  static constexpr int word_lanes = word_bytes / int(sizeof(Element));
  static constexpr int block_rows = block_rows_;
  static constexpr int chunk = chunk_;
  static constexpr int update_interval = Traits::adder_interval;
  static constexpr int tile_rows = block_rows;  // the most rows of one read

  using Word = Vector<Element, word_lanes>;
  using SumVector = Vector<Accumulator, word_lanes>;
  // The sums of a row by turns, so that an adder has update_interval cycles for each.
  using PartVector = Vector<Accumulator, update_interval>;

  static_assert(is_power_of_two(word_bytes) && word_bytes >= 16 && word_bytes <= 64,
                "a memory word has 16, 32 or 64 bytes: the widths that AXI and an instruction fit");
  static_assert(divides(word_lanes, block_rows),
                "a block of y must be whole memory words");
  static_assert(divides(word_lanes, chunk), "a chunk of x must be whole memory words");
};

}  // namespace xfblas

#endif
