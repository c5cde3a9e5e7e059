// A layer's sizes, and all that follows from them. The constants come from the network's header.
#ifndef XFBLAS_STREAM_LAYER_SHAPE_HPP
#define XFBLAS_STREAM_LAYER_SHAPE_HPP

#include "../src/element.hpp"
#include "beat.hpp"

namespace xfblas {

// What a network's last layer is followed by.
struct NoLayer {
  static constexpr int layers = 0;
  static constexpr int load_beats = 0;
  static constexpr int record_beats = 0;
  static constexpr int on_chip_end = 0;
};

// P = lanes * fold multipliers: each cycle they take `fold` inputs for each of `lanes` outputs.
// Sums of the groups of lanes are interleaved, so that none of them waits for the adder.
template <int inputs_, int outputs_, class Element_, int lanes_, int fold_,
          StreamFunction function_, int routes_, int earlier_record_, class Next>
struct LayerShape {
  using Element = Element_;
  using Traits = ElementTraits<Element>;
  using Sum = typename Traits::Accumulator;
  using Bias = typename Traits::WideAddend;
  using Beats = BeatOf<Element>;

  static constexpr int inputs = inputs_;
  static constexpr int outputs = outputs_;
  static constexpr int lanes = lanes_;
  static constexpr int fold = fold_;
  static constexpr StreamFunction function = function_;
  static constexpr uint32_t routes = uint32_t(routes_);
  static constexpr int earlier_record = earlier_record_;

  static constexpr int multipliers = lanes * fold;
  static constexpr int blocks = whole(inputs, fold);
  static constexpr int groups = whole(outputs, lanes);
  // Cycles of a block: as many as there are groups, or as the adder needs.
  static constexpr int slots = larger(groups, Traits::adder_interval);

  static constexpr int input_beats = whole(inputs, Beats::elements);
  static constexpr int output_beats = whole(outputs, Beats::elements);
  static constexpr int word_beats = whole(multipliers, Beats::elements);
  static constexpr int bias_beats = whole(groups * lanes, beat_words);
  static constexpr int payload_beats = blocks * groups * word_beats + bias_beats;
  static constexpr int routed = int(routes & 1u) + int(routes >> 1);
  static constexpr int record_beats = routed * output_beats;

  static constexpr bool has_next = Next::layers > 0;
  static constexpr int layers = 1 + Next::layers;
  static constexpr int load_beats = 1 + payload_beats + Next::load_beats;
  static constexpr int later_layers = Next::layers;
  static constexpr int later_load_beats = Next::load_beats;

  // A whole row and its record, so that a layer is done with one before the next takes it.
  static constexpr int link_depth = larger(8, output_beats + earlier_record + record_beats);
  static constexpr int passed_depth = larger(4, earlier_record + 4);
  static constexpr int totals_depth = larger(2, groups);

  // Weights lie as they are loaded: a beat of them is written at once.
  static constexpr int elements_of_beat = multipliers / word_beats;
  struct Memory {
    Element weights[blocks * groups][word_beats][elements_of_beat];
    Bias biases[groups * lanes];
  };
  static constexpr int on_chip_begin = Next::on_chip_end;
  static constexpr int on_chip_end = on_chip_begin + whole(int(sizeof(Memory)), 64) * 64;

  // fold inputs of a row, and the sums of a group.
  struct Block {
    Element element[fold];
  };
  struct Totals {
    Sum sum[lanes];
  };

  static_assert(inputs > 0 && outputs > 0, "a layer has inputs and outputs");
  static_assert((lanes & (lanes - 1)) == 0 && (fold & (fold - 1)) == 0 && lanes > 0 && fold > 0,
                "lanes and fold must be powers of two, so that they share beats evenly");
};

}  // namespace xfblas

#endif
