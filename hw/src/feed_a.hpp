// Turns A by 90 degrees: memory has rows of k, the array wants columns of rows.
//
// The buffer has a bank for each of the array's rows and is written along diagonals: element
// (row i, k) lies in bank (i + k) mod banks. So a memory word, which holds one row's neighbours
// in k, goes to different banks; and a column, which holds one k of all rows, comes from
// different banks too: both take one cycle, with a rotation before and one behind. Packed
// operands hold columns already and pass the same way.
#ifndef XFBLAS_FEED_A_HPP
#define XFBLAS_FEED_A_HPP

#include "gather.hpp"
#include "task.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

// A chunk of k for all strips of a tile. Where a word is wider than the array has rows, a bank has
// as many memories as a word meets it, so that a word of a row still takes one cycle.
template <class E>
struct ABlock {
  static constexpr int memories = E::word_lanes / E::group;
  static constexpr int depth = E::row_strips * E::chunk / memories;
  using type = typename E::Element[depth][E::array_rows][memories];
};

// Of a k of a strip. Constants, which are powers of two as a rule, in place of a product.
template <class E>
uint32_t place_in_block(const Problem& problem, uint16_t strip, uint32_t k) {
#pragma HLS INLINE
  constexpr uint32_t memories = ABlock<E>::memories, rows = E::array_rows;
  constexpr uint32_t chunk = uint32_t(E::chunk) / memories;
  const uint32_t first = problem.is_narrow ? strip * (chunk / 4) : strip * chunk;
  return first + (memories == 1 ? k : k / (rows * memories) * rows + k % rows);
}
template <class E>
uint32_t memory_of_bank(uint32_t k) {
#pragma HLS INLINE
  return k / uint32_t(E::array_rows) % ABlock<E>::memories;
}

// Where the next group of elements goes.
template <class E>
struct ACursor {
  uint16_t strip, row, k;  // row: within the strip

  // Row-major: along k to the end of the row, then to the next row.
  void along_row(uint16_t length) {
#pragma HLS INLINE
    k += E::word_lanes;
    if (k < length) return;
    k = 0;
    if (++row < uint16_t(E::array_rows)) return;
    row = 0;
    ++strip;
  }
  // Packed: along the rows of a column, strip after strip, then to the next k.
  void along_column(uint16_t strips) {
#pragma HLS INLINE
    row += E::group;
    if (row < uint16_t(E::array_rows)) return;
    row = 0;
    if (++strip < strips) return;
    strip = 0;
    ++k;
  }
};

// `count` lanes of a group, as far as they belong into one memory of each bank.
template <class E>
void write_group(write_lock<typename ABlock<E>::type>& block, uint32_t memory,
                 const typename E::AVector& group, const Problem& problem, const ACursor<E>& at,
                 bool is_packed, uint32_t count) {
#pragma HLS INLINE
  const typename E::AVector rotated =
      rotated_up(group, int((at.row + at.k) % E::array_rows));
banks:
  for (uint32_t bank = 0; bank < uint32_t(E::array_rows); ++bank) {
#pragma HLS UNROLL
    const uint32_t lane = (bank - at.row - at.k) % E::array_rows;
    const uint32_t k = is_packed ? at.k : at.k + lane;
    if (lane < count && (ABlock<E>::memories == 1 || memory_of_bank<E>(k) == memory))
      block[place_in_block<E>(problem, at.strip, k)][bank][memory] = rotated.lane[bank];
  }
}

template <class E>
typename E::AVector group_of(const typename E::Word& word, uint32_t part) {
#pragma HLS INLINE
  typename E::AVector group = {};
lanes:
  for (int lane = 0; lane < E::group; ++lane) {
#pragma HLS UNROLL
    group.lane[lane] = word.lane[part * E::group + lane];
  }
  return group;
}

// Elements with places of their own, up to the last of the chunk.
template <class E>
void buffer_gathered(const Problem& problem, stream<Gathered<E>>& gathered,
                     write_lock<typename ABlock<E>::type>& block) {
#pragma HLS INLINE
  Gathered<E> item = {};
  uint32_t done = 0;  // lanes
groups:
  while (!item.is_last || done < item.lanes) {
#pragma HLS PIPELINE II=1
    if (done == item.lanes) {
      item = gathered.read();
      done = 0;
    } else {
      spend(1);
    }
    const ACursor<E> at = {uint16_t(item.row / E::array_rows), uint16_t(item.row % E::array_rows),
                           uint16_t(item.k + done)};
    const uint32_t count = smaller(E::group, item.lanes - done);
    const typename E::AVector group = group_of<E>(item.word, done / E::group);
  memories:
    for (uint32_t memory = 0; memory < uint32_t(ABlock<E>::memories); ++memory) {
#pragma HLS UNROLL
      write_group<E>(block, memory, group, problem, at, false, count);
    }
    done += count;
  }
}

template <class E>
void buffer_a(Task task, stream<typename E::Word>& words, stream<Gathered<E>>& gathered,
              stream_of_blocks<typename ABlock<E>::type>& blocks) {
  constexpr uint32_t groups_of_a_word = E::word_lanes / E::group;
  Tile tile = tile_at<E>(task.problem, 0, 0);
tiles:
  for (uint32_t i = 0; i < task.problem.tiles; ++i) {
  chunks:
    for (uint32_t left = task.problem.k; left > 0;) {
      const uint16_t length = chunk_length<E>(task.problem, left);
      left -= length;
      const uint16_t row_words = uint16_t(pieces(length, E::word_lanes));
      const uint32_t packed_lanes = uint32_t(length) * tile.row_strips * E::array_rows;
      const uint32_t count =
          task.a.is_packed ? pieces(packed_lanes, E::word_lanes) : tile.rows * row_words;
      const uint16_t row_length = uint16_t(row_words * E::word_lanes);
      write_lock<typename ABlock<E>::type> block(blocks);
      if (E::has_units && task.walks) {
        buffer_gathered<E>(task.problem, gathered, block);
        continue;
      }
      ACursor<E> at = {0, 0, 0};
      typename E::Word word = {};
      // A word of a row at a time, but groups of a packed one.
      const uint32_t groups_at_a_time = task.a.is_packed ? 1 : groups_of_a_word;
    groups:
      for (uint32_t g = 0; g < count * groups_of_a_word; g += groups_at_a_time) {
#pragma HLS PIPELINE II=1
        const uint32_t part = g % groups_of_a_word;
        if (part == 0) word = words.read();
      memories:
        for (uint32_t memory = 0; memory < groups_of_a_word; ++memory) {
#pragma HLS UNROLL
          ACursor<E> first = at;
          if (!task.a.is_packed) first.k += uint16_t(memory * E::group);
          const typename E::AVector group =
              group_of<E>(word, task.a.is_packed ? part : memory);
          // The last packed word may hold more groups than the chunk has columns.
          if (at.k < chunk_of<E>(task.problem))
            write_group<E>(block, memory, group, task.problem, first, task.a.is_packed, E::group);
        }
        if (part > 0) spend(1);
        if (task.a.is_packed)
          at.along_column(tile.row_strips);
        else
          at.along_row(row_length);
      }
    }
    tile = tile_after<E>(task.problem, tile);
  }
}

// The columns of a tile: for each k, one per strip.
template <class E>
void feed_a(Problem problem, stream_of_blocks<typename ABlock<E>::type>& blocks,
            stream<typename E::AVector>& out) {
  Tile tile = tile_at<E>(problem, 0, 0);
tiles:
  for (uint32_t i = 0; i < problem.tiles; ++i) {
  chunks:
    for (uint32_t left = problem.k; left > 0;) {
      const uint16_t length = chunk_length<E>(problem, left);
      left -= length;
      read_lock<typename ABlock<E>::type> block(blocks);
      uint16_t k = 0;
      uint8_t strip = 0;
    columns:
      while (k < length) {
#pragma HLS PIPELINE II=1
        typename E::AVector banks;
      banks:
        for (int bank = 0; bank < E::array_rows; ++bank) {
#pragma HLS UNROLL
          banks.lane[bank] =
              block[place_in_block<E>(problem, strip, k)][bank][memory_of_bank<E>(k)];
        }
        out.write(rotated_up(banks, int((E::array_rows - k % E::array_rows) % E::array_rows)));
        if (++strip == tile.row_strips) {
          strip = 0;
          ++k;
        }
      }
    }
    tile = tile_after<E>(problem, tile);
  }
}

}  // namespace xfblas

#endif
