// The dataflow of one Gemm or Fcn instruction, drawn as code.
//
//   memory -> read_operands -> a_words -> buffer_a -> feed_a -> array (rows 0, 1, 2, ...)
//                           -> map_words -> gather_a /   (for feature maps, in place of a_words)
//                           -> b_words -> unpack_b -> feed_b /    |     |    |
//                           -> x_words -> read_addend        collect (up the chain)
//                           -> table_words ----\  \                 |
//   memory <- write_c <- pack_c <- post_process <-----------------/
#ifndef XFBLAS_MULTIPLY_HPP
#define XFBLAS_MULTIPLY_HPP

#include "collect.hpp"
#include "feed_a.hpp"
#include "feed_b.hpp"
#include "gather.hpp"
#include "pack.hpp"
#include "post_process.hpp"
#include "processing_element.hpp"
#include "read_addend.hpp"
#include "read_memory.hpp"
#include "write_memory.hpp"

namespace xfblas {

// FIFO depths in items. B and a tile of X wait here while another operand is read: a quarter of a
// chunk of B, or as much as the array takes while a chunk of A comes in bursts of a row each.
template <class E>
struct Depth {
  static constexpr int words = 32;   // half a burst
  static constexpr int vectors = 8;  // enough to hide both ends' registers
  // A chunk of a map waits here for its shifter, so that B is read meanwhile.
  static constexpr int map_words = E::has_units ? E::tile_rows * E::chunk / E::word_lanes : 2;
  static constexpr int b_vectors =
      int(larger(E::chunk * E::column_strips / 4,
                 E::array_rows * (E::chunk / E::word_lanes + int(burst_cycles))));
  static constexpr int addends = E::tile_rows * E::column_strips;
  static constexpr int sums = E::strips;  // the second buffer of C
};

template <class E>
void multiply(const typename E::Word* rd, typename E::Word* wr, Task task) {
#pragma HLS DATAFLOW
  XFBLAS_DATAFLOW("multiply");
  stream<typename E::Word, Depth<E>::words> table_words("table_words");
  stream<typename E::Word, Depth<E>::words> a_words("a_words");
  stream<typename E::Word, Depth<E>::words> b_words("b_words");
  stream<typename E::Word, Depth<E>::words> x_words("x_words");
  stream<typename E::Word, Depth<E>::map_words> map_words("map_words");
  stream<Gathered<E>, Depth<E>::vectors> gathered("gathered");
  stream_of_blocks<typename ABlock<E>::type> a_blocks("a_blocks");
  stream<typename E::BVector, Depth<E>::b_vectors> b_vectors("b_vectors");
  stream<typename E::AVector, Depth<E>::vectors> a_columns[E::array_rows + 1];
  stream<typename E::BVector, Depth<E>::vectors> b_rows[E::array_rows + 1];
  stream<typename E::SumVector, Depth<E>::sums> sums[E::array_rows];
  stream<typename E::SumVector, Depth<E>::vectors> collected[E::array_rows + 1];
  stream<typename E::XVector, Depth<E>::addends> addends("addends");
  stream<typename E::BVector, Depth<E>::vectors> c_vectors("c_vectors");
  stream<typename E::Word, Depth<E>::words> c_words("c_words");
#pragma HLS ARRAY_PARTITION variable=a_blocks dim=2 type=complete
#pragma HLS ARRAY_PARTITION variable=a_blocks dim=3 type=complete
#pragma HLS BIND_STORAGE variable=table_words type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=a_words type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=b_words type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=x_words type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=gathered type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=a_columns type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=b_rows type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=collected type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=c_vectors type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=c_words type=fifo impl=lutram
#pragma HLS BIND_STORAGE variable=map_words type=fifo impl=bram
#pragma HLS BIND_STORAGE variable=b_vectors type=fifo impl=bram
#pragma HLS BIND_STORAGE variable=addends type=fifo impl=bram
#pragma HLS BIND_STORAGE variable=sums type=fifo impl=lutram
  XFBLAS_NAME_STREAMS(a_columns);
  XFBLAS_NAME_STREAMS(b_rows);
  XFBLAS_NAME_STREAMS(sums);
  XFBLAS_NAME_STREAMS(collected);

  XFBLAS_PROCESS(read_operands<E>, rd, task, table_words, a_words, map_words, b_words, x_words);
  XFBLAS_PROCESS(gather_a<E>, task, map_words, gathered);
  XFBLAS_PROCESS(buffer_a<E>, task, a_words, gathered, a_blocks);
  XFBLAS_PROCESS(feed_a<E>, task.problem, a_blocks, a_columns[0]);
  XFBLAS_PROCESS(unpack_b<E>, task, b_words, b_vectors);
  XFBLAS_PROCESS(feed_b<E>, task.problem, b_vectors, b_rows[0]);
array:
  for (int row = 0; row < E::array_rows; ++row) {
#pragma HLS UNROLL
    XFBLAS_PROCESS(processing_element<E>, task.problem, row, a_columns[row], a_columns[row + 1],
                   b_rows[row], b_rows[row + 1], sums[row]);
  }
collectors:
  for (int row = E::array_rows - 1; row >= 0; --row) {
#pragma HLS UNROLL
    XFBLAS_PROCESS(collect<E>, task.problem, row, sums[row], collected[row + 1], collected[row]);
  }
  XFBLAS_PROCESS(read_addend<E>, task, x_words, addends);
  XFBLAS_PROCESS(post_process<E>, task, table_words, collected[0], addends, c_vectors);
  XFBLAS_PROCESS(pack_c<E>, task, c_vectors, c_words);
  XFBLAS_PROCESS(write_c<E>, wr, task, c_words);
  XFBLAS_DATAFLOW_END();
}

}  // namespace xfblas

#endif
