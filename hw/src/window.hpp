// The dataflow of one Window instruction: pooling, or a depthwise convolution.
//
//   memory -> read_window -> map_words -> gather_window -> gathered -> accumulate -> sums -> finish
//                         -> b_words ------------------------------/                        /  |
//                         -> x_words, table_words -----------------------------------------/   |
//   memory <- write_window <- c_words <--------------------------------------------------------/
//
// A tile is some pixels of some words of channels. Tap after tap passes all of it, a word a cycle,
// because the elements that pixels of a row have at one tap lie together in the map. The last tap
// sends the sums away, into a FIFO that is their second buffer.
#ifndef XFBLAS_WINDOW_HPP
#define XFBLAS_WINDOW_HPP

#include "gather.hpp"
#include "read_memory.hpp"
#include "window_finish.hpp"
#include "window_task.hpp"
#include "write_memory.hpp"

namespace xfblas {

// X comes at the begin of a tile, where nothing that was sent before waits for it.
template <class E>
void read_window(const typename E::Word* memory, WindowTask window,
                 stream<typename E::Word>& table_words, stream<typename E::Word>& x_words,
                 stream<typename E::Word>& b_words, stream<typename E::Word>& map_words) {
  const Task& task = window.task;
  spend(memory_latency);
  if (task.has_table)
    read_span<E>(memory, task.table, table_entries * entry_bytes / sizeof(typename E::Element),
                 table_words);
  WindowTile tile = first_window_tile<E>(window);
tiles:
  while (!is_behind<E>(window, tile)) {
    if (task.has_x)
      read_span<E>(memory, task.x.first + uint64_t(tile.channel) * E::addend_lanes,
                   uint64_t(tile.channels) * E::addend_lanes, x_words);
    uint64_t row_of_b = task.b.first + tile.channel;
  tap_rows:
    for (uint32_t tap_y = 0; tap_y < task.walk.map.kernel_y; ++tap_y) {
    taps:
      for (uint32_t tap_x = 0; tap_x < task.walk.map.kernel_x; ++tap_x) {
        if (window.kind == window_depthwise)
          read_span<E>(memory, row_of_b, tile.channels, b_words);
        read_piece<E>(memory, task.walk, piece_of_tap(window, tile, tap_y, tap_x), tile.start,
                      tile.pixels, map_words);
        row_of_b += task.b.stride;
      }
    }
    tile = window_tile_after<E>(window, tile);
  }
}

template <class E>
void gather_window(WindowTask window, stream<typename E::Word>& words, stream<Gathered<E>>& out) {
  const Walk& walk = window.task.walk;
  WindowTile tile = first_window_tile<E>(window);
tiles:
  while (!is_behind<E>(window, tile)) {
  tap_rows:
    for (uint32_t tap_y = 0; tap_y < walk.map.kernel_y; ++tap_y) {
    taps:
      for (uint32_t tap_x = 0; tap_x < walk.map.kernel_x; ++tap_x) {
        gather_piece<E>(walk, piece_of_tap(window, tile, tap_y, tap_x), tile.start, tile.pixels, 0,
                        false, words, out);
      }
    }
    tile = window_tile_after<E>(window, tile);
  }
}

// What a tap's elements make of a word's sums.
template <class E>
WindowSums<E> with_tap(WindowSums<E> sums, const Gathered<E>& item, const typename E::Word& b,
                       uint32_t kind) {
#pragma HLS INLINE
  const bool counts = item.is_inside || kind == window_depthwise;
lanes:
  for (int lane = 0; lane < E::word_lanes; ++lane) {
#pragma HLS UNROLL
    const typename E::Element element = item.word.lane[lane];
    const typename E::Element factor = kind == window_depthwise ? b.lane[lane] : 1;
    const typename E::Accumulator before = sums.value.lane[lane];
    const typename E::Accumulator sum = E::Traits::multiply_add(before, element, factor);
    const bool keeps = kind == window_max && sums.count > 0 && before >= element;
    const typename E::Accumulator largest =
        keeps ? before : typename E::Accumulator(element);
    if (counts) sums.value.lane[lane] = kind == window_max ? largest : sum;
  }
  sums.count += counts;
  return sums;
}

template <class E>
void accumulate(WindowTask window, stream<typename E::Word>& b_words, stream<Gathered<E>>& gathered,
                stream<WindowSums<E>>& out) {
  WindowSums<E> held[window_sums];
#pragma HLS BIND_STORAGE variable=held type=ram_s2p impl=lutram
#pragma HLS AGGREGATE variable=held
  typename E::Word factors[window_block];
#pragma HLS AGGREGATE variable=factors
  WindowTile tile = first_window_tile<E>(window);
tiles:
  while (!is_behind<E>(window, tile)) {
    const uint32_t items = tile.pixels * tile.words;
    // What is needed again at once is not in the memory yet.
    WindowSums<E> latest = {};
  taps:
    for (uint32_t tap = 0; tap < window.taps; ++tap) {
      if (window.kind == window_depthwise) {
      load:
        for (uint32_t word = 0; word < tile.words; ++word) {
#pragma HLS PIPELINE II=1
          factors[word] = b_words.read();
        }
      }
      uint32_t word = 0;
    words:
      for (uint32_t i = 0; i < items; ++i) {
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=held type=inter direction=RAW distance=E::update_interval dependent=true
        WindowSums<E> sums = items == 1 ? latest : held[i];
        if (tap == 0) sums = WindowSums<E>{};
        latest = with_tap<E>(sums, gathered.read(), factors[word], window.kind);
        if (tap + 1 == window.taps)
          out.write(latest);
        else
          held[i] = latest;
        word = word + 1 == tile.words ? 0 : word + 1;
      }
    }
    tile = window_tile_after<E>(window, tile);
  }
}

template <class E>
void write_window(typename E::Word* memory, WindowTask window, stream<typename E::Word>& words) {
  WindowTile tile = first_window_tile<E>(window);
tiles:
  while (!is_behind<E>(window, tile)) {
    write_pixels<E>(memory, window.task.walk, tile.start, tile.pixels, tile.channel,
                    tile.channels, words);
    tile = window_tile_after<E>(window, tile);
  }
  spend(memory_latency);
}

template <class E>
void window(const typename E::Word* rd, typename E::Word* wr, WindowTask task) {
#pragma HLS DATAFLOW
  XFBLAS_DATAFLOW("window");
  stream<typename E::Word, 32> table_words("table_words");
#pragma HLS BIND_STORAGE variable=table_words type=fifo impl=lutram
  stream<typename E::Word, 32> x_words("x_words");
#pragma HLS BIND_STORAGE variable=x_words type=fifo impl=lutram
  stream<typename E::Word, 32> b_words("b_words");
#pragma HLS BIND_STORAGE variable=b_words type=fifo impl=lutram
  stream<typename E::Word, 32> map_words("map_words");
#pragma HLS BIND_STORAGE variable=map_words type=fifo impl=lutram
  stream<Gathered<E>, 8> gathered("gathered");
#pragma HLS BIND_STORAGE variable=gathered type=fifo impl=lutram
  stream<WindowSums<E>, window_sums> sums("sums");
#pragma HLS BIND_STORAGE variable=sums type=fifo impl=bram
  stream<typename E::Word, 32> c_words("c_words");
#pragma HLS BIND_STORAGE variable=c_words type=fifo impl=lutram

  XFBLAS_PROCESS(read_window<E>, rd, task, table_words, x_words, b_words, map_words);
  XFBLAS_PROCESS(gather_window<E>, task, map_words, gathered);
  XFBLAS_PROCESS(accumulate<E>, task, b_words, gathered, sums);
  XFBLAS_PROCESS(finish_window<E>, task, table_words, x_words, sums, c_words);
  XFBLAS_PROCESS(write_window<E>, wr, task, c_words);
  XFBLAS_DATAFLOW_END();
}

}  // namespace xfblas

#endif
