// The cycles of an instruction as a closed formula: what hosts stamp results with where no
// hardware counts, and what `estimate` prints. The cycle-approximate run of hw/emu agrees with it
// within 5 % (tests/hw/test_cycle_model.py). A model is a model: neither knows what v++ reaches.
//
// A tile takes the longest of four things that happen at the same time:
//
//   compute = k * max(strips, update_interval)           one step of the whole array a cycle
//   read    = words and bursts of A and B for all k, and of X, on one port
//   drain   = rows * column strips                        one row of sums a cycle
//   write   = words and bursts of C, and words that must be merged
//
//   cycles = latency + first chunk of A + sum over tiles of that maximum
//            + skew of the array + max(drain, write) of the last tile + latency
//
// Plain C++14, free of the standard library.
#ifndef XFBLAS_CYCLE_MODEL_HPP
#define XFBLAS_CYCLE_MODEL_HPP

#include <stdint.h>

#include "instruction.hpp"

namespace xfblas {

// The constants of an image, as config_info.dat and xfblas_configuration.hpp give them.
struct Machine {
  uint64_t word_lanes;    // elements of a memory word
  uint64_t addend_lanes;  // elements that one of X takes: 2 for int32 beside int16
  uint64_t array_rows, array_columns, tile_rows, tile_columns, chunk;
  uint64_t vector_rows, vector_chunk;
  uint64_t update_interval;  // 2 for integers, 8 for float
  uint64_t burst_cycles, memory_latency;
};

class CycleModel {
 public:
  constexpr explicit CycleModel(const Machine& machine) : m_(machine) {}

  constexpr uint64_t instruction(const Instruction& i) const {
    return i.opcode == opcode_gemv ? vector_product(i) : product(i);
  }
  // Before the first instruction: the page of instructions is read.
  constexpr uint64_t launch() const {
    return m_.memory_latency + page_bytes / instruction_bytes;
  }

 private:
  // One stream item passes a register and a FIFO at each row of the array.
  static constexpr uint64_t hop = 2;

  struct Tile {
    uint64_t rows, columns;
  };

  static constexpr uint64_t pieces(uint64_t value, uint64_t part) {
    return (value + part - 1) / part;
  }
  static constexpr uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }
  static constexpr uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

  constexpr uint64_t words(uint64_t lanes) const { return pieces(lanes, m_.word_lanes); }

  // Rows that lie end to end are one burst; a row that begins within a word costs one more.
  constexpr uint64_t rows(uint64_t count, uint64_t lanes, uint64_t stride) const {
    if (stride == words(lanes) * m_.word_lanes) return count * words(lanes) + m_.burst_cycles;
    const uint64_t shifted = stride % m_.word_lanes != 0;
    return count * (words(lanes) + shifted + m_.burst_cycles);
  }
  constexpr uint64_t burst(uint64_t lanes) const { return words(lanes) + m_.burst_cycles; }

  constexpr uint64_t read_a(const Instruction& i, const Tile& tile, uint64_t length) const {
    return i.flags & flag_a_packed
               ? burst(pieces(tile.rows, m_.array_rows) * m_.array_rows * length)
               : rows(tile.rows, length, i.lda);
  }
  constexpr uint64_t read_b(const Instruction& i, const Tile& tile, uint64_t length) const {
    return i.flags & flag_b_packed
               ? burst(pieces(tile.columns, m_.array_columns) * m_.array_columns * length)
               : rows(length, tile.columns, i.ldb);
  }
  constexpr uint64_t read_x(const Instruction& i, const Tile& tile) const {
    if (i.x == 0) return 0;
    return rows(i.flags & flag_bias_row ? 1 : tile.rows, tile.columns * m_.addend_lanes,
                i.ldx * m_.addend_lanes);
  }
  constexpr uint64_t read(const Instruction& i, const Tile& tile) const {
    const uint64_t whole = i.k / m_.chunk, rest = i.k % m_.chunk;
    uint64_t cycles = whole * (read_a(i, tile, m_.chunk) + read_b(i, tile, m_.chunk));
    if (rest != 0) cycles += read_a(i, tile, rest) + read_b(i, tile, rest);
    return cycles + read_x(i, tile);
  }

  // Words of C that are not ours as a whole are read, merged and written one by one.
  constexpr uint64_t write(const Tile& tile, uint64_t stride) const {
    const bool begins = stride % m_.word_lanes == 0, ends = tile.columns % m_.word_lanes == 0;
    if (begins && ends) return rows(tile.rows, tile.columns, stride);
    const uint64_t merge = m_.memory_latency + m_.burst_cycles;
    const uint64_t merges = begins ? 1 : 2;
    return tile.rows * (words(tile.columns) + merges * merge + m_.burst_cycles);
  }

  constexpr uint64_t compute(const Instruction& i, const Tile& tile) const {
    const uint64_t strips =
        pieces(tile.rows, m_.array_rows) * pieces(tile.columns, m_.array_columns);
    return i.k * larger(strips, m_.update_interval);
  }
  constexpr uint64_t leave(const Instruction& i, const Tile& tile) const {
    return larger(tile.rows * pieces(tile.columns, m_.array_columns), write(tile, i.ldc));
  }
  constexpr uint64_t steady(const Instruction& i, const Tile& tile) const {
    return larger(larger(compute(i, tile), read(i, tile)), leave(i, tile));
  }

  constexpr uint64_t product(const Instruction& i) const {
    const uint64_t down = i.m / m_.tile_rows, right = i.n / m_.tile_columns;
    const uint64_t rows_left = i.m % m_.tile_rows, columns_left = i.n % m_.tile_columns;
    const Tile full{m_.tile_rows, m_.tile_columns};
    const Tile right_edge{m_.tile_rows, columns_left}, lower_edge{rows_left, m_.tile_columns};
    const Tile corner{rows_left, columns_left};
    const Tile first{smaller(i.m, m_.tile_rows), smaller(i.n, m_.tile_columns)};
    const Tile last{rows_left != 0 ? rows_left : m_.tile_rows,
                    columns_left != 0 ? columns_left : m_.tile_columns};

    uint64_t tiles = down * right * steady(i, full);
    if (columns_left != 0) tiles += down * steady(i, right_edge);
    if (rows_left != 0) tiles += right * steady(i, lower_edge);
    if (rows_left != 0 && columns_left != 0) tiles += steady(i, corner);
    // The last tile leaves behind its computation, which then hides nothing.
    tiles -= steady(i, last);
    const uint64_t first_a = read_a(i, first, smaller(i.k, m_.chunk));
    const bool is_only = down + (rows_left != 0) == 1 && right + (columns_left != 0) == 1;
    const uint64_t reads = read(i, last) - (is_only ? first_a : 0);
    const uint64_t begin = m_.memory_latency + first_a + m_.burst_cycles + 4 * hop;
    const uint64_t end = hop * m_.array_rows + leave(i, last) + 4 * hop + m_.memory_latency;
    return begin + tiles + larger(compute(i, last), reads) + end;
  }

  // Bound by the words of A.
  constexpr uint64_t vector_block(const Instruction& i, uint64_t count) const {
    const uint64_t whole = i.k / m_.vector_chunk, rest = i.k % m_.vector_chunk;
    uint64_t cycles = burst(count);
    cycles += whole * (burst(m_.vector_chunk) + rows(count, m_.vector_chunk, i.lda));
    if (rest != 0)
      cycles += burst(rest) + larger(rows(count, rest, i.lda), count * m_.update_interval);
    return cycles;
  }
  constexpr uint64_t vector_product(const Instruction& i) const {
    const uint64_t blocks = i.m / m_.vector_rows, rest = i.m % m_.vector_rows;
    const uint64_t last = rest != 0 ? rest : m_.vector_rows;
    const uint64_t merge = last % m_.word_lanes != 0 ? m_.memory_latency + m_.burst_cycles : 0;
    return m_.memory_latency + blocks * vector_block(i, m_.vector_rows) +
           (rest != 0 ? vector_block(i, rest) : 0) + burst(last) + merge + 4 * hop +
           m_.memory_latency;
  }

  Machine m_;
};

}  // namespace xfblas

#endif
