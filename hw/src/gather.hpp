// A's elements of each output pixel out of the words of a map, padding included.
//
// Words come as they lie in memory, a span for the pixels of a row. Two of them are held, and a
// shifter takes the elements that a pixel has there, one word a cycle. Each goes on with its place,
// because pieces of k begin anywhere.
#ifndef XFBLAS_GATHER_HPP
#define XFBLAS_GATHER_HPP

#include "task.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

// Neighbours in k of one pixel.
template <class E>
struct Gathered {
  typename E::Word word;
  uint32_t row, k, lanes;  // of the tile; of the chunk, the first lane's; how many count
  bool is_inside;          // any of them, not padding
  bool is_last;            // of the chunk
};

// Lanes from `offset` elements behind the row's begin on; those outside of the row are padding.
template <class E>
typename E::Word padded(typename E::Word word, const MapRow& row, int64_t place, int32_t fill) {
#pragma HLS INLINE
lanes:
  for (int lane = 0; lane < E::word_lanes; ++lane) {
#pragma HLS UNROLL
    if (place + lane < 0 || place + lane >= row.length)
      word.lane[lane] = typename E::Element(fill);
  }
  return word;
}

// `count` pixels that were taken together.
template <class E>
void gather_row(const Walk& walk, const Piece& piece, const Pixel& at, uint32_t count,
                uint32_t tile_row, uint32_t k, bool is_last, stream<typename E::Word>& words,
                stream<Gathered<E>>& out) {
#pragma HLS INLINE off
  MapRow row = map_row(walk, piece, at);
  const WordSpan all = words_of_pixels<E>(walk, piece, row, count);
  uint64_t taken = 0;  // words
  uint32_t pixel = 0, element = 0;
  typename E::Word low = {}, high = {};
steps:
  while (pixel < count || taken < all.count) {
#pragma HLS PIPELINE II=1
    const uint32_t lanes = smaller(E::word_lanes, piece.length - element);
    const int64_t place = row.place + element;
    const bool emits = pixel < count;
    const WordSpan wanted = words_between<E>(row, place, place + lanes);
    // Behind the last pixel comes what nobody asked for.
    const uint64_t until = !emits               ? all.count
                           : wanted.count == 0 ? 0
                                               : wanted.first + wanted.count - all.first;
    if (taken < until) {
      low = high;
      high = words.read();
      ++taken;
    }
    if (emits && taken >= until) {
      const int64_t first = int64_t(row.first) + place;
      const int offset = int(first & (E::word_lanes - 1));
      const bool is_in_high = first >= int64_t((all.first + taken - 1) * E::word_lanes);
      Gathered<E> gathered;
      gathered.word = padded<E>(joined(is_in_high ? high : low, high, offset), row, place,
                                walk.map.fill);
      gathered.row = tile_row + pixel;
      gathered.k = k + element;
      gathered.lanes = lanes;
      gathered.is_inside = wanted.count > 0;
      element += lanes;
      const bool ends = element == piece.length;
      if (ends) {
        element = 0;
        ++pixel;
        step_column(walk, row);
      }
      gathered.is_last = is_last && pixel == count;
      out.write(gathered);
    }
  }
}

// A piece of k for `rows` pixels.
template <class E>
void gather_piece(const Walk& walk, const Piece& piece, Pixel at, uint32_t rows, uint32_t k,
                  bool is_last, stream<typename E::Word>& words, stream<Gathered<E>>& out) {
#pragma HLS INLINE
  uint32_t done = 0;
pixels:
  while (done < rows) {
    const uint32_t count = pixels_together(walk, at, rows - done);
    gather_row<E>(walk, piece, at, count, done, k, is_last && done + count == rows, words, out);
    at = moved(walk.map, at, count);
    done += count;
  }
}

template <class E>
void gather_a(Task task, stream<typename E::Word>& words, stream<Gathered<E>>& out) {
  if (!E::has_units || !task.walks) return;
  Tile tile = tile_at<E>(task.problem, 0, 0);
  Pixel start = {0, 0, 0, 0};
tiles:
  for (uint32_t i = 0; i < task.problem.tiles; ++i) {
    Piece piece = piece_from(task.walk, 0, 0, 0, E::chunk);
  chunks:
    for (uint32_t left = task.problem.k; left > 0;) {
      const uint16_t length = chunk_length<E>(task.problem, left);
      left -= length;
      uint32_t k = 0;
    pieces:
      while (k < length) {
        piece.length = smaller(piece.length, length - k);
        const uint32_t behind = k + piece.length;
        gather_piece<E>(task.walk, piece, start, tile.rows, k, behind == length, words, out);
        piece = piece_after(task.walk, piece, E::chunk);
        k = behind;
      }
    }
    step_tile<E>(task, tile, start);
  }
}

}  // namespace xfblas

#endif
