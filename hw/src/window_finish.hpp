// From the sums of a window to elements of C: the largest as it is, an average, or an epilogue.
#ifndef XFBLAS_WINDOW_FINISH_HPP
#define XFBLAS_WINDOW_FINISH_HPP

#include "epilogue.hpp"
#include "unpack.hpp"
#include "window_task.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

// Of a word of channels, and how many elements each of them is made of.
template <class E>
struct WindowSums {
  Vector<typename E::Accumulator, E::word_lanes> value;
  uint32_t count;
};

// average_of() without a divider in each lane: one that all lanes share gives 2^34 / (2 * count).
//
// The dividend is made positive, and is then below 2^16 divisors and half a one, so that the
// estimate has an error below 1 and fits 64 bits.
constexpr int reciprocal_bits = 34;
inline uint64_t reciprocal_of(uint32_t count) {
#pragma HLS INLINE
  return count == 0 ? 0 : (uint64_t(1) << reciprocal_bits) / (2 * uint64_t(count));
}
inline int32_t average_by(int64_t sum, uint32_t count, uint64_t reciprocal) {
#pragma HLS INLINE
  constexpr int32_t raised = 1 << 15;
  const uint64_t divisor = 2 * uint64_t(count);
  const uint64_t dividend = uint64_t(2 * sum + int64_t(count)) + divisor * raised;
  const uint64_t estimate = dividend * reciprocal >> reciprocal_bits;
  const uint64_t rest = dividend - estimate * divisor;
  return int32_t(int64_t(estimate + (rest >= divisor)) - raised);
}

template <class E>
void finish_window(WindowTask window, stream<typename E::Word>& table_words,
                   stream<typename E::Word>& x_words, stream<WindowSums<E>>& sums_in,
                   stream<typename E::Word>& out) {
  constexpr int lanes = E::word_lanes / window_parts;
  using Addends = Vector<typename E::Addend, lanes>;
  const Task& task = window.task;
  Addends addends[window_block * window_parts];
#pragma HLS BIND_STORAGE variable=addends type=ram_2p impl=lutram
#pragma HLS AGGREGATE variable=addends
  TableOfLane<E> tables[lanes];
#pragma HLS ARRAY_PARTITION variable=tables dim=1 type=complete
#pragma HLS BIND_STORAGE variable=tables type=ram_t2p impl=bram
  if (task.has_table) load_tables<E>(table_words, tables);
  Unpacker<E, lanes * E::addend_lanes> unpacker;
  // The largest needs no arithmetic, and passes as a whole.
  const uint32_t parts = window.kind == window_max ? 1 : window_parts;
  WindowTile tile = first_window_tile<E>(window);
tiles:
  while (!is_behind<E>(window, tile)) {
    unpacker.begin(task.has_x ? uint64_t(tile.channels) * E::addend_lanes : 0);
  load:
    for (uint32_t i = 0; i < tile.words * window_parts; ++i) {
#pragma HLS PIPELINE II=1
      addends[i] = addends_of<E>(unpacker.next(x_words));
    }
    uint32_t part = 0, place = 0;
    WindowSums<E> sums = {};
    typename E::Word word = {};
  parts:
    for (uint32_t i = 0; i < tile.pixels * tile.words * parts; ++i) {
#pragma HLS PIPELINE II=1
      if (part == 0)
        sums = sums_in.read();
      else
        spend(1);
      const uint64_t reciprocal = reciprocal_of(sums.count);
    largest:
      for (int lane = 0; lane < E::word_lanes; ++lane) {
#pragma HLS UNROLL
        if (window.kind == window_max)
          word.lane[lane] = typename E::Element(sums.value.lane[lane]);
      }
    lanes:
      for (int lane = 0; lane < lanes; ++lane) {
#pragma HLS UNROLL
        const typename E::Accumulator sum = sums.value.lane[part * lanes + lane];
        const int32_t average =
            sums.count == 0 ? 0 : average_by(int64_t(sum), sums.count, reciprocal);
        const typename E::Element weighed = LaneEpilogue<E, E::Traits::is_float>::finish(
            sum, addends[place].lane[lane], task.epilogue, tables[lane]);
        if (window.kind != window_max)
          word.lane[part * lanes + lane] =
              window.kind == window_average ? typename E::Element(average) : weighed;
      }
      place = place + 1 == tile.words * window_parts ? 0 : place + 1;
      part = part + 1 == parts ? 0 : part + 1;
      if (part == 0) out.write(word);
    }
    tile = window_tile_after<E>(window, tile);
  }
}

}  // namespace xfblas

#endif
