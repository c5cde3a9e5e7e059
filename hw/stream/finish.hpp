// The way out of a layer: s and x of each output, to the next layer and into the row's record.
//
// A row leaves as x for the next layer, then s and x where they are routed to the host, then what
// earlier layers routed.
#ifndef XFBLAS_STREAM_FINISH_HPP
#define XFBLAS_STREAM_FINISH_HPP

#include "../src/integer_epilogue.hpp"
#include "accept.hpp"
#include "xfblas/float_activation.hpp"

namespace xfblas {

template <class L, bool is_float>
struct Output {
  static int16_t sum(int64_t total, const Order& order) {
#pragma HLS INLINE
    Epilogue epilogue = Epilogue();
    epilogue.post_scale = 1;
    epilogue.post_shift = order.formats & 0xffu;
    epilogue.rounds = true;
    epilogue.saturates = true;
    return int16_t(IntegerEpilogue<typename L::Traits>::narrow(wrapped<48>(total), epilogue));
  }
  static int16_t activation(int16_t s, const Order& order) {
#pragma HLS INLINE
    const int input = int(order.formats >> 8 & 0xffu), output = int(order.formats >> 16 & 0xffu);
    if (L::function == StreamFunction::tanh)
      return int16_t(fixed_activation<16>(s, false, input, output));
    if (L::function == StreamFunction::sigmoid)
      return int16_t(fixed_activation<16>(s, true, input, output));
    return L::function == StreamFunction::relu && s < 0 ? int16_t(0) : s;
  }
};

template <class L>
struct Output<L, true> {
  static float sum(float total, const Order&) { return total; }
  static float activation(float s, const Order&) {
#pragma HLS INLINE
    if (L::function == StreamFunction::tanh) return float_tanh(s);
    if (L::function == StreamFunction::sigmoid) return float_sigmoid(s);
    return L::function == StreamFunction::relu && s < 0 ? 0.0f : s;
  }
};

template <int count>
void write_record(const Beat (&beats)[count], stream<Beat>& link) {
#pragma HLS INLINE
beats:
  for (int i = 0; i < count; ++i) {
#pragma HLS PIPELINE II=1
    link.write(beats[i]);
  }
}

template <class L>
void finish_row(const Order& order, stream<typename L::Totals>& totals, stream<Beat>& link) {
#pragma HLS INLINE
  using Beats = typename L::Beats;
  using Out = Output<L, L::Traits::is_float>;
  constexpr int step = L::lanes < Beats::elements ? L::lanes : Beats::elements;
  Beat sums[L::output_beats], activations[L::output_beats];
  typename L::Totals taken;
  Beat s_beat = empty_beat(), x_beat = empty_beat();
  spend(0);  // a loop begins in a cycle of its own
outputs:
  for (int first = 0; first < L::outputs; first += step) {
#pragma HLS PIPELINE II=1
    if (first % L::lanes == 0) taken = totals.read();
    else if (!L::has_next) spend(1);  // no item passes, but the cycle does
    const int in_beat = first % Beats::elements;
  lanes:
    for (int i = 0; i < step; ++i) {
#pragma HLS UNROLL
      if (first + i < L::outputs) {
        const typename L::Element s = Out::sum(taken.sum[first % L::lanes + i], order);
        Beats::put(s_beat, in_beat + i, s);
        Beats::put(x_beat, in_beat + i, Out::activation(s, order));
      }
    }
    if (in_beat + step == Beats::elements || first + step >= L::outputs) {
      sums[first / Beats::elements] = s_beat;
      activations[first / Beats::elements] = x_beat;
      if (L::has_next) link.write(x_beat);
      s_beat = x_beat = empty_beat();
    }
  }
  spend(0);
  const uint32_t routes = order.routes & L::routes;
  if (routes & route_sums) write_record<L::output_beats>(sums, link);
  if (routes & route_activations) write_record<L::output_beats>(activations, link);
}

template <class L>
void finish(stream<Order>& orders, stream<typename L::Totals>& totals, stream<Beat>& passed,
            stream<Beat>& link) {
  const Order order = orders.read();
  if (order.command == stream_load) {
    pass_beats(passed, link, L::later_load_beats);
    return;
  }
  pass_beats(passed, link, L::later_layers);
rows:
  for (uint32_t row = 0; row < order.rows; ++row) {
    finish_row<L>(order, totals, link);
    pass_beats(passed, link, order.earlier_beats);
  }
}

}  // namespace xfblas

#endif
