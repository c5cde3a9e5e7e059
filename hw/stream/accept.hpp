// The way into a layer: takes what is its own from the link, and passes on what is for others.
#ifndef XFBLAS_STREAM_ACCEPT_HPP
#define XFBLAS_STREAM_ACCEPT_HPP

#include "layer_shape.hpp"

namespace xfblas {

inline void pass_beats(stream<Beat>& from, stream<Beat>& to, uint32_t count) {
#pragma HLS INLINE
pass:
  for (uint32_t i = 0; i < count; ++i) {
#pragma HLS PIPELINE II=1
    to.write(from.read());
  }
}

// A row's beats as blocks of `fold` inputs; the last one is filled up with zeros.
template <class L>
void accept_row(stream<Beat>& link, stream<typename L::Block>& blocks) {
#pragma HLS INLINE
  using Beats = typename L::Beats;
  // As many elements as beat and block share are moved at once.
  constexpr int step = L::fold < Beats::elements ? L::fold : Beats::elements;
  typename L::Block block;
  Beat beat = empty_beat();
#pragma HLS AGGREGATE variable=block
elements:
  for (int first = 0; first < L::inputs; first += step) {
#pragma HLS PIPELINE II=1
    if (first % Beats::elements == 0) beat = link.read();
    if (first % L::fold == 0) block = typename L::Block();
  steps:
    for (int i = 0; i < step; ++i) {
#pragma HLS UNROLL
      if (first + i < L::inputs)
        block.element[first % L::fold + i] = Beats::get(beat, first % Beats::elements + i);
    }
    if (first % L::fold + step == L::fold || first + step >= L::inputs) blocks.write(block);
  }
}

template <class L>
void accept(stream<Beat>& link, stream<Order>& to_multiply, stream<Order>& to_finish,
            stream<Beat>& payload, stream<typename L::Block>& blocks, stream<Beat>& passed) {
  const Order order = order_in(link.read());
  to_multiply.write(order);
  to_finish.write(order);
  if (order.command == stream_load) {
    pass_beats(link, payload, L::payload_beats);
    pass_beats(link, passed, L::later_load_beats);
    return;
  }
  pass_beats(link, passed, L::later_layers);
rows:
  for (uint32_t row = 0; row < order.rows; ++row) {
    accept_row<L>(link, blocks);
    pass_beats(link, passed, order.earlier_beats);
  }
}

}  // namespace xfblas

#endif
