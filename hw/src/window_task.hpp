// How a Window instruction is cut: channels into blocks, and the pixels of each block into tiles.
// All of its processes walk the same tiles.
#ifndef XFBLAS_WINDOW_TASK_HPP
#define XFBLAS_WINDOW_TASK_HPP

#include "task.hpp"

namespace xfblas {

// Sums on chip: words of channels, of so many pixels. A block has this many words at most.
constexpr uint32_t window_sums = 256;
constexpr uint32_t window_block = 8;
// A word leaves in so many parts, because an epilogue for each of its lanes would be large; taps
// take as long or longer from 3x3 on.
constexpr int window_parts = 8;

struct WindowTask {
  Task task;
  uint32_t kind, channels, pixels, taps;  // pixels of C
  uint32_t block_words, tile_pixels;
};

template <class E>
WindowTask window_task_of(const Instruction& i, const Instruction& map) {
#pragma HLS INLINE
  const FeatureMap walked = feature_map(map);
  WindowTask window;
  window.task = task_of<E>(i);
  window.kind = i.k;
  window.channels = i.n;
  window.pixels = i.m;
  window.taps = walked.taps();
  // With upsampling a word is used again at once, and so each goes by itself.
  window.block_words =
      walked.up_x > 1 ? 1 : smaller(pieces(i.n, E::word_lanes), window_block);
  window.tile_pixels = window_sums / window.block_words;
  window.task.walks = true;
  const uint32_t channels = window.block_words * E::word_lanes;
  window.task.walk = walk_of<E>(walked, window.task.a.first, window.task.c.first, i, channels,
                                channels, false);
  // Pooling has neither B nor X, and flags of none.
  window.task.has_table = window.task.has_table && i.k == window_depthwise;
  window.task.has_x = window.task.has_x && i.k == window_depthwise;
  return window;
}

// Some pixels of some channels. `words`: of a pixel.
struct WindowTile {
  Pixel start;
  uint32_t pixel, pixels;  // the first one, among all; how many
  uint32_t channel, channels, words;
};

template <class E>
WindowTile window_tile_at(const WindowTask& window, const Pixel& start, uint32_t pixel,
                          uint32_t channel) {
#pragma HLS INLINE
  WindowTile tile;
  tile.start = start;
  tile.pixel = pixel;
  tile.pixels = smaller(window.tile_pixels, window.pixels - pixel);
  tile.channel = channel;
  tile.channels = smaller(window.block_words * E::word_lanes, window.channels - channel);
  tile.words = pieces(tile.channels, E::word_lanes);
  return tile;
}

template <class E>
WindowTile first_window_tile(const WindowTask& window) {
#pragma HLS INLINE
  const Pixel start = {0, 0, 0, 0};
  return window_tile_at<E>(window, start, 0, 0);
}

template <class E>
bool is_behind(const WindowTask& window, const WindowTile& tile) {
#pragma HLS INLINE
  return tile.channel >= window.channels;
}

// All pixels of a block first.
template <class E>
WindowTile window_tile_after(const WindowTask& window, const WindowTile& tile) {
#pragma HLS INLINE
  const uint32_t pixel = tile.pixel + tile.pixels;
  if (pixel < window.pixels) {
    const Pixel start = pixel_behind(window.task.walk.map, tile.start, tile.pixels);
    return window_tile_at<E>(window, start, pixel, tile.channel);
  }
  const Pixel start = {0, 0, 0, 0};
  return window_tile_at<E>(window, start, 0, tile.channel + tile.channels);
}

// The elements of one tap; the piece that is first is that of tap 0.
inline Piece piece_of_tap(const WindowTask& window, const WindowTile& tile, uint32_t tap_y,
                          uint32_t tap_x) {
#pragma HLS INLINE
  return piece_from(window.task.walk, tap_y, tap_x, tile.channel, tile.channels);
}

}  // namespace xfblas

#endif
