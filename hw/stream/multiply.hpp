// A layer's multipliers: weights on chip, `fold` inputs at a time for all outputs.
//
// An input is taken once and kept until all groups of outputs had it; the groups' sums are
// interleaved, so that a sum comes again after `slots` cycles and the adder's latency is hidden.
// The order of a float sum is part of the contract: inputs of a block are added in halves, blocks
// one after the other, the bias last.
#ifndef XFBLAS_STREAM_MULTIPLY_HPP
#define XFBLAS_STREAM_MULTIPLY_HPP

#include "layer_shape.hpp"
#include "on_chip.hpp"

namespace xfblas {

template <class L>
void load_weights(stream<Beat>& payload, typename L::Memory& memory) {
#pragma HLS INLINE
  using Beats = typename L::Beats;
words:
  for (int word = 0; word < L::blocks * L::groups; ++word) {
  beats:
    for (int beat = 0; beat < L::word_beats; ++beat) {
#pragma HLS PIPELINE II=1
      const Beat taken = payload.read();
    elements:
      for (int i = 0; i < L::elements_of_beat; ++i) {
#pragma HLS UNROLL
        memory.weights[word][beat][i] = Beats::get(taken, i);
      }
    }
  }
biases:
  for (int beat = 0; beat < L::bias_beats; ++beat) {
#pragma HLS PIPELINE II=1
    const Beat taken = payload.read();
  bias_words:
    for (int i = 0; i < beat_words; ++i) {
#pragma HLS UNROLL
      if (beat * beat_words + i < L::groups * L::lanes)
        memory.biases[beat * beat_words + i] = BeatOf<typename L::Bias>::get(taken, i);
    }
  }
}

// The products of a block for one output, added in halves.
template <class L>
typename L::Sum product_of(const typename L::Block& block, const typename L::Memory& memory,
                           int word, int lane) {
#pragma HLS INLINE
  typename L::Sum part[L::fold];
#pragma HLS ARRAY_PARTITION variable=part type=complete
products:
  for (int i = 0; i < L::fold; ++i) {
#pragma HLS UNROLL
    const int place = lane * L::fold + i;
    const typename L::Element weight =
        memory.weights[word][place / L::elements_of_beat][place % L::elements_of_beat];
    part[i] = typename L::Sum(typename L::Bias(block.element[i]) * typename L::Bias(weight));
  }
halves:
  for (int half = L::fold / 2; half > 0; half /= 2) {
#pragma HLS UNROLL
  pairs:
    for (int i = 0; i < half; ++i) {
#pragma HLS UNROLL
      part[i] = part[i] + part[i + half];
    }
  }
  return part[0];
}

template <class L>
void multiply_row(stream<typename L::Block>& blocks, const typename L::Memory& memory,
                  stream<typename L::Totals>& totals) {
#pragma HLS INLINE
  typename L::Totals sums[L::groups];
  typename L::Block block;
#pragma HLS AGGREGATE variable=block
blocks_of_row:
  for (int number = 0; number < L::blocks; ++number) {
  slots:
    for (int group = 0; group < L::slots; ++group) {
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=sums type=inter direction=RAW dependent=false
      if (group == 0) block = blocks.read();
      if (group >= L::groups) continue;
      typename L::Totals& total = sums[group];
    lanes:
      for (int lane = 0; lane < L::lanes; ++lane) {
#pragma HLS UNROLL
        const typename L::Sum before = number == 0 ? typename L::Sum(0) : total.sum[lane];
        total.sum[lane] =
            before + product_of<L>(block, memory, number * L::groups + group, lane);
      }
      if (number != L::blocks - 1) continue;
      typename L::Totals with_bias = total;
    biases_of_group:
      for (int lane = 0; lane < L::lanes; ++lane) {
#pragma HLS UNROLL
        with_bias.sum[lane] = total.sum[lane] + memory.biases[group * L::lanes + lane];
      }
      totals.write(with_bias);
    }
    // The groups that were not written took their cycles too.
    spend(uint64_t(number == L::blocks - 1 ? L::slots - L::groups : L::slots - 1));
  }
}

template <class L>
void multiply(stream<Order>& orders, stream<Beat>& payload, stream<typename L::Block>& blocks,
              stream<typename L::Totals>& totals) {
  XFBLAS_ON_CHIP(L, memory)
  const Order order = orders.read();
  if (order.command == stream_load) {
    load_weights<L>(payload, memory);
    return;
  }
rows:
  for (uint32_t row = 0; row < order.rows; ++row) {
    multiply_row<L>(blocks, memory, totals);
  }
}

}  // namespace xfblas

#endif
