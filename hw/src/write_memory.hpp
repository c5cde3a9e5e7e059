// Writes C: words go to memory row by row.
//
// A row that does not begin or end at a memory word shares its edge words with elements that
// are not ours. Those words are read, merged and written in order, which is slow, so hosts that
// care give C whole words: ldc and n multiples of a word's elements.
#ifndef XFBLAS_WRITE_MEMORY_HPP
#define XFBLAS_WRITE_MEMORY_HPP

#include "task.hpp"
#include "timing.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

// Lanes begin to end - 1 of a word; the others keep what memory holds. Not inlined, so that the
// write has been answered before the next row's edge, perhaps the same word, is read.
template <class E>
void merge_word(typename E::Word* memory, uint64_t address, const typename E::Word& word,
                uint32_t begin, uint32_t end) {
#pragma HLS INLINE off
  typename E::Word merged = memory[address];
lanes:
  for (uint32_t lane = 0; lane < uint32_t(E::word_lanes); ++lane) {
#pragma HLS UNROLL
    if (lane >= begin && lane < end) merged.lane[lane] = word.lane[lane];
  }
  memory[address] = merged;
  spend(memory_latency + burst_cycles);
}

// Whether an engine takes nothing but whole words of C, so that its writer never reads and can
// share a memory port with its reader.
template <class E>
struct TakesWholeWords {
  static constexpr bool value = false;
};

template <class E>
void write_words(typename E::Word* memory, uint64_t first, uint64_t count,
                 stream<typename E::Word>& words) {
#pragma HLS INLINE
  spend(burst_cycles);
burst:
  for (uint64_t i = 0; i < count; ++i) {
#pragma HLS PIPELINE II=1
    memory[first + i] = words.read();
  }
}

template <class E>
void write_span(typename E::Word* memory, uint64_t first, uint64_t lanes,
                stream<typename E::Word>& words) {
#pragma HLS INLINE
  if (TakesWholeWords<E>::value) {
    write_words<E>(memory, first / E::word_lanes, lanes / E::word_lanes, words);
    return;
  }
  const uint32_t offset = uint32_t(first % E::word_lanes);
  const uint32_t rest = uint32_t((offset + lanes) % E::word_lanes);
  const uint64_t whole = (offset + lanes) / E::word_lanes;  // up to here words end with ours
  uint64_t address = first / E::word_lanes;
  const uint64_t incoming = (lanes + E::word_lanes - 1) / E::word_lanes;
  uint64_t taken = 0;
  typename E::Word held = {};
  const int back = int((E::word_lanes - offset) % E::word_lanes);

  uint64_t done = 0;
  if (offset != 0) {
    held = words.read();
    ++taken;
    merge_word<E>(memory, address, joined(held, held, back), offset,
                  whole == 0 ? rest : E::word_lanes);
    ++done;
  }
  if (done < whole) spend(burst_cycles);
burst:
  for (uint64_t i = done; i < whole; ++i) {
#pragma HLS PIPELINE II=1
    typename E::Word word = held;
    if (taken < incoming) {
      word = words.read();
      ++taken;
    }
    memory[address + i] = offset == 0 ? word : joined(held, word, back);
    held = word;
  }
  if (rest != 0 && whole >= done) {
    typename E::Word word = held;
    if (taken < incoming) word = words.read();
    merge_word<E>(memory, address + whole, offset == 0 ? word : joined(held, word, back), 0, rest);
  }
}

// Rows that lie end to end are one burst.
template <class E>
void write_rows(typename E::Word* memory, uint64_t first, uint64_t stride, uint32_t count,
                uint32_t columns, stream<typename E::Word>& words) {
#pragma HLS INLINE
  const bool end_to_end = stride == columns && columns % uint32_t(E::word_lanes) == 0;
  const uint32_t bursts = end_to_end ? 1 : count;
  const uint64_t lanes = end_to_end ? uint64_t(count) * columns : columns;
rows:
  for (uint32_t row = 0; row < bursts; ++row) {
    write_span<E>(memory, first, lanes, words);
    first += stride;
  }
}

// Columns of pixels, from one on.
template <class E>
void write_pixels(typename E::Word* memory, const Walk& walk, Pixel at, uint32_t count,
                  uint32_t column, uint32_t columns, stream<typename E::Word>& words) {
#pragma HLS INLINE
  uint32_t left = count;
pixels:
  while (left > 0) {
    const uint32_t together = pixels_of_row(walk.map, at, left);
    const uint64_t first = place_of_c(walk, at) + column;
    if (walk.joins_pixels)
      write_span<E>(memory, first, uint64_t(together) * columns, words);
    else
      write_rows<E>(memory, first, walk.ldc, together, columns, words);
    at = moved(walk.map, at, together);
    left -= together;
  }
}

template <class E>
void write_c(typename E::Word* memory, Task task, stream<typename E::Word>& words) {
  Tile tile = tile_at<E>(task.problem, 0, 0);
  Pixel start = {0, 0, 0, 0};
tiles:
  for (uint32_t i = 0; i < task.problem.tiles; ++i) {
    if (E::has_units && task.walks)
      write_pixels<E>(memory, task.walk, start, tile.rows, tile.column, tile.columns, words);
    else
      write_rows<E>(memory, task.c.first + tile.row * task.c.stride + tile.column, task.c.stride,
                    tile.rows, tile.columns, words);
    step_tile<E>(task, tile, start);
  }
  spend(memory_latency);
}

}  // namespace xfblas

#endif
