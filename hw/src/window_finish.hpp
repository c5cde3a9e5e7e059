// From the sums of a window to elements of C: the largest as it is, an average, or an epilogue.
#ifndef XFBLAS_WINDOW_FINISH_HPP
#define XFBLAS_WINDOW_FINISH_HPP

#include "epilogue.hpp"
#include "pack.hpp"
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

// A part of a word, or the whole word where nothing is computed.
template <class E, int lanes>
void finish_part(const WindowTask& window, const WindowSums<E>& sums, uint32_t part,
                 const Vector<typename E::Addend, lanes>& addends,
                 const TableOfLane<E> (&tables)[lanes], typename E::Word& word) {
#pragma HLS INLINE
  const uint64_t reciprocal = reciprocal_of(sums.count);
largest:
  for (int lane = 0; lane < E::word_lanes; ++lane) {
#pragma HLS UNROLL
    if (window.kind == window_max) word.lane[lane] = typename E::Element(sums.value.lane[lane]);
  }
lanes:
  for (int lane = 0; lane < lanes; ++lane) {
#pragma HLS UNROLL
    const typename E::Accumulator sum = sums.value.lane[part * lanes + lane];
    const int32_t average =
        sums.count == 0 ? 0 : average_by(int64_t(sum), sums.count, reciprocal);
    const typename E::Element weighed = LaneEpilogue<E, E::Traits::is_float>::finish(
        sum, addends.lane[lane], window.task.epilogue, tables[lane]);
    if (window.kind != window_max)
      word.lane[part * lanes + lane] =
          window.kind == window_average ? typename E::Element(average) : weighed;
  }
}

template <class E>
void finish_window(WindowTask window, stream<typename E::Word>& table_words,
                   stream<typename E::Word>& x_words, stream<WindowSums<E>>& sums_in,
                   stream<typename E::Word>& out) {
  constexpr int lanes = E::word_lanes / window_parts;
  const Task& task = window.task;
  Vector<typename E::Addend, lanes> addends[window_block * window_parts];
#pragma HLS BIND_STORAGE variable=addends type=ram_2p impl=lutram
#pragma HLS AGGREGATE variable=addends
  TableOfLane<E> tables[lanes];
#pragma HLS ARRAY_PARTITION variable=tables dim=1 type=complete
#pragma HLS BIND_STORAGE variable=tables type=ram_t2p impl=bram
  if (task.has_table) load_tables<E>(table_words, tables);
  Unpacker<E, lanes * E::addend_lanes> unpacker;
  Joiner<E> joiner;
  // The largest needs no arithmetic, and passes as a whole.
  const uint32_t parts = window.kind == window_max ? 1 : window_parts;
  const bool joins = task.walk.joins_pixels;
  WindowTile tile = first_window_tile<E>(window);
tiles:
  while (!is_behind<E>(window, tile)) {
    unpacker.begin(uint64_t(tile.channels) * E::addend_lanes);
  load:
    for (uint32_t i = 0; task.has_x && i < tile.words * window_parts; ++i) {
#pragma HLS PIPELINE II=1
      addends[i] = addends_of<E>(unpacker.next(x_words));
    }
    // Pixels of a row are joined where they lie end to end.
    Pixel at = tile.start;
    uint32_t left = tile.pixels;
  rows:
    while (left > 0) {
      const uint32_t together = pixels_of_row(task.walk.map, at, left);
      uint32_t part = 0, place = 0;  // place: word of the pixel
      WindowSums<E> sums = {};
      typename E::Word word = {};
    parts:
      for (uint32_t i = 0; i < together * tile.words * parts; ++i) {
#pragma HLS PIPELINE II=1
        if (part == 0)
          sums = sums_in.read();
        else
          spend(1);
        Vector<typename E::Addend, lanes> addend = {};
        if (task.has_x) addend = addends[place * window_parts + part];
        finish_part<E>(window, sums, part, addend, tables, word);
        const uint32_t rest = tile.channels - place * E::word_lanes;
        if (++part == parts) {
          part = 0;
          joiner.add(word, joins ? smaller(E::word_lanes, rest) : E::word_lanes, out);
          if (++place == tile.words) place = 0;
        }
      }
      joiner.end(out);
      at = moved(task.walk.map, at, together);
      left -= together;
    }
    tile = window_tile_after<E>(window, tile);
  }
}

}  // namespace xfblas

#endif
