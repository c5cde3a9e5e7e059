// The one process that reads operands, because a dataflow region lets a memory port be used by
// one process only.
//
// The order in which it reads is the order in which the others need it: a function's table, which
// the lanes take at once; then for each tile a chunk of A and the same chunk of B, and after the
// last chunk X. A's ping-pong buffer and B's FIFO each hold a chunk, X's FIFO a tile, so that the
// array does not wait while another operand is read, and no order of events can block: every word
// sent is needed by what was sent before.
#ifndef XFBLAS_READ_MEMORY_HPP
#define XFBLAS_READ_MEMORY_HPP

#include "task.hpp"
#include "timing.hpp"
#include "xfblas/entry_table.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

// `lanes` elements from `first` on, as words that begin with the first of them. A row that does
// not begin at a memory word costs a word more and passes a shifter.
template <class E>
void read_span(const typename E::Word* memory, uint64_t first, uint64_t lanes,
               stream<typename E::Word>& out) {
#pragma HLS INLINE
  const uint64_t address = first / E::word_lanes;
  const int offset = int(first % E::word_lanes);
  const uint64_t touched = (offset + lanes + E::word_lanes - 1) / E::word_lanes;
  const uint64_t wanted = (lanes + E::word_lanes - 1) / E::word_lanes;
  typename E::Word held = {};
  spend(burst_cycles);
burst:
  for (uint64_t i = 0; i < touched; ++i) {
#pragma HLS PIPELINE II=1
    const typename E::Word word = memory[address + i];
    if (offset == 0)
      out.write(word);
    else if (i > 0)
      out.write(joined(held, word, offset));
    else
      spend(1);
    held = word;
  }
  if (offset != 0 && touched == wanted) out.write(joined(held, held, offset));
}

// Rows of an operand: `count` of them, `lanes` elements each, `stride` elements apart.
struct Rows {
  uint64_t first, stride, lanes;
  uint32_t count;
};

// Rows that lie end to end are one burst.
template <class E>
void read_rows(const typename E::Word* memory, Rows rows, stream<typename E::Word>& out) {
#pragma HLS INLINE off
  const uint64_t words = (rows.lanes + E::word_lanes - 1) / E::word_lanes;
  const bool end_to_end = rows.stride == words * E::word_lanes;
  const uint32_t bursts = end_to_end ? 1 : rows.count;
  const uint64_t lanes = end_to_end ? rows.count * rows.stride : rows.lanes;
  uint64_t first = rows.first;
rows:
  for (uint32_t row = 0; row < bursts; ++row) {
#pragma HLS LOOP_TRIPCOUNT min=1 max=E::tile_rows
    read_span<E>(memory, first, lanes, out);
    first += rows.stride;
  }
}

// A packed tile holds its k one after the other, and so a chunk of it is one row.
template <class E>
Rows packed_rows(const Matrix& matrix, uint32_t k_of_problem, uint32_t tile_start, uint32_t k,
                 uint32_t length, uint32_t width) {
#pragma HLS INLINE
  const uint64_t first =
      matrix.first + uint64_t(tile_start) * k_of_problem + uint64_t(k) * width;
  return Rows{first, 0, uint64_t(length) * width, 1};
}

template <class E>
Rows rows_of_a(const Task& task, const Tile& tile, uint32_t k, uint32_t length) {
#pragma HLS INLINE
  if (task.a.is_packed)
    return packed_rows<E>(task.a, task.problem.k, tile.row, k, length,
                          tile.row_strips * E::array_rows);
  return Rows{task.a.first + tile.row * task.a.stride + k, task.a.stride, length, tile.rows};
}

template <class E>
Rows rows_of_b(const Task& task, const Tile& tile, uint32_t k, uint32_t length) {
#pragma HLS INLINE
  if (task.b.is_packed)
    return packed_rows<E>(task.b, task.problem.k, tile.column, k, length,
                          tile.column_strips * E::array_columns);
  return Rows{task.b.first + k * task.b.stride + tile.column, task.b.stride, tile.columns,
              length};
}

template <class E>
Rows rows_of_x(const Task& task, const Tile& tile) {
#pragma HLS INLINE
  const uint64_t row = task.bias_row ? 0 : tile.row;
  return Rows{task.x.first + row * task.x.stride + uint64_t(tile.column) * E::addend_lanes,
              task.x.stride, uint64_t(tile.columns) * E::addend_lanes,
              task.bias_row ? 1u : tile.rows};
}

// A piece of k for the pixels of a tile: words as they lie in memory.
template <class E>
void read_piece(const typename E::Word* memory, const Walk& walk, const Piece& piece, Pixel at,
                uint32_t rows, stream<typename E::Word>& out) {
#pragma HLS INLINE off
  uint32_t left = rows;
pixels:
  while (left > 0) {
    const uint32_t count = pixels_together(walk, at, left);
    const WordSpan span =
        words_of_pixels<E>(walk, piece, map_row(walk, piece, at), count);
    if (span.count > 0) read_span<E>(memory, span.first * E::word_lanes,
                                     span.count * E::word_lanes, out);
    at = moved(walk.map, at, count);
    left -= count;
  }
}

// A chunk of k; the piece that follows it is left in `piece`.
template <class E>
void read_pieces(const typename E::Word* memory, const Walk& walk, Piece& piece, const Pixel& start,
                 uint32_t rows, uint32_t length, stream<typename E::Word>& out) {
#pragma HLS INLINE
  uint32_t left = length;
pieces:
  while (left > 0) {
    piece.length = smaller(piece.length, left);
    read_piece<E>(memory, walk, piece, start, rows, out);
    left -= piece.length;
    piece = piece_after(walk, piece, E::chunk);
  }
}

// X has a row for each pixel of a frame, and begins again with the next one.
template <class E>
void read_addends(const typename E::Word* memory, const Task& task, const Tile& tile,
                  const Pixel& start, stream<typename E::Word>& out) {
#pragma HLS INLINE
  Rows rows = rows_of_x<E>(task, tile);
  if (!E::has_units || !task.walks || task.bias_row) {
    read_rows<E>(memory, rows, out);
    return;
  }
  const uint32_t pixels = task.walk.map.pixels();
  const uint64_t top = rows.first - tile.row * task.x.stride;
  uint32_t left = tile.rows, index = start.index;
frames:
  while (left > 0) {
    rows.first = top + index * task.x.stride;
    rows.count = smaller(left, pixels - index);
    read_rows<E>(memory, rows, out);
    left -= rows.count;
    index = 0;
  }
}

template <class E>
void read_operands(const typename E::Word* memory, Task task, stream<typename E::Word>& table_words,
                   stream<typename E::Word>& a_words, stream<typename E::Word>& map_words,
                   stream<typename E::Word>& b_words, stream<typename E::Word>& x_words) {
  const bool walks = E::has_units && task.walks;
  Tile tile = tile_at<E>(task.problem, 0, 0);
  Pixel start = {0, 0, 0, 0};
  spend(memory_latency);
  if (task.has_table)
    read_span<E>(memory, task.table, table_entries * entry_bytes / sizeof(typename E::Element),
                 table_words);
tiles:
  for (uint32_t i = 0; i < task.problem.tiles; ++i) {
    Piece piece = piece_from(task.walk, 0, 0, 0, E::chunk);
  chunks:
    for (uint32_t k = 0, length; k < task.problem.k; k += length) {
      length = chunk_length<E>(task.problem, task.problem.k - k);
      if (walks)
        read_pieces<E>(memory, task.walk, piece, start, tile.rows, length, map_words);
      else
        read_rows<E>(memory, rows_of_a<E>(task, tile, k, length), a_words);
      read_rows<E>(memory, rows_of_b<E>(task, tile, k, length), b_words);
    }
    if (task.has_x) read_addends<E>(memory, task, tile, start, x_words);
    step_tile<E>(task, tile, start);
  }
}

}  // namespace xfblas

#endif
