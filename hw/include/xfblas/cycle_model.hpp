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
//   cycles = latency + table + first chunk of A + sum over tiles of that maximum
//            + max(drain, write) of the last tile + latency
//
// Plain C++14, free of the standard library.
#ifndef XFBLAS_CYCLE_MODEL_HPP
#define XFBLAS_CYCLE_MODEL_HPP

#include <stdint.h>

#include "entry_table.hpp"
#include "instruction.hpp"
#include "softmax.hpp"

namespace xfblas {

// The constants of an image, as config_info.dat and xfblas_configuration.hpp give them.
struct Machine {
  uint64_t word_lanes;    // elements of a memory word
  uint64_t addend_lanes;  // elements that one of X takes: 2 for int32 beside int16
  uint64_t array_rows, array_columns, tile_rows, tile_columns, chunk;
  uint64_t vector_rows, vector_chunk;
  uint64_t update_interval;  // of the array: 3 for int16, 2 for int8, 8 for float
  uint64_t burst_cycles, memory_latency;
};

class CycleModel {
 public:
  constexpr explicit CycleModel(const Machine& machine) : m_(machine) {}

  constexpr uint64_t instruction(const Instruction& i) const {
    if (i.opcode == opcode_softmax) return softmax(i);
    return i.opcode == opcode_gemv ? vector_product(i) : cut_as(i).product(i);
  }
  // What each of the things that happen at the same time would take alone, over all tiles.
  struct Parts {
    uint64_t compute, memory, drain;
  };
  constexpr Parts parts(const Instruction& i) const {
    if (i.opcode == opcode_gemv) return {pieces(i.m * i.k, m_.word_lanes), vector_product(i), 0};
    if (i.opcode == opcode_softmax) return {i.m * softmax_row(i), softmax_memory(i), 0};
    return cut_as(i).product_parts(i);
  }
  // Before the first instruction: the page of instructions is read.
  constexpr uint64_t launch() const { return m_.memory_latency + page_bytes / instruction_bytes; }

 protected:
  // One stream item passes a register and a FIFO at each row of the array.
  static constexpr uint64_t hop = 2;

  struct Tile {
    uint64_t rows, columns;
  };

  // The sizes with the tiles of this product, of which some are twice as high and half as wide: see
  // hw/src/tile.hpp.
  constexpr Machine cut_for(const Instruction& i, bool walks) const {
    Machine cut = m_;
    const bool narrows = 4 * m_.tile_rows <= m_.tile_columns &&
                         m_.tile_columns / m_.array_columns % 2 == 0 &&
                         m_.tile_columns % (2 * m_.word_lanes) == 0 &&
                         m_.chunk % (4 * m_.word_lanes) == 0;
    const bool is_in_one_chunk = (i.flags & flag_a_packed) == 0 && i.k <= m_.chunk / 4;
    const uint64_t narrow = walks ? m_.tile_columns / 2 : m_.array_columns;
    if (!narrows || i.n > narrow || !(walks || is_in_one_chunk)) return cut;
    cut.tile_rows *= 2;
    cut.tile_columns /= 2;
    cut.chunk /= 4;
    return cut;
  }

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
  // A packed word wider than the array has rows takes several cycles into A's buffer.
  constexpr uint64_t first_chunk(const Instruction& i, const Tile& tile) const {
    const uint64_t length = smaller(i.k, m_.chunk);
    const uint64_t high = pieces(tile.rows, m_.array_rows) * m_.array_rows;
    const uint64_t count =
        i.flags & flag_a_packed ? words(high * length) : tile.rows * words(length);
    const bool is_packed = (i.flags & flag_a_packed) != 0;
    const uint64_t groups = is_packed ? larger(1, m_.word_lanes / m_.array_rows) : 1;
    return larger(read_a(i, tile, length), count * groups + m_.burst_cycles);
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
    return cycles;
  }

  // Words of C that are not ours as a whole are read, merged and written one by one. Rows begin
  // at a word again after `period` of them, since a word's elements are a power of two.
  constexpr uint64_t period(uint64_t stride) const {
    return m_.word_lanes / smaller(stride & (~stride + 1), m_.word_lanes);
  }
  constexpr uint64_t merges(const Tile& tile, uint64_t stride) const {
    const uint64_t rows = period(stride), step = m_.word_lanes / rows;
    const uint64_t whole = 1 + (tile.columns % step == 0);  // edges in a period that are whole
    return tile.rows * (2 * rows - whole) / rows * (m_.memory_latency + m_.burst_cycles);
  }
  constexpr uint64_t write(const Tile& tile, uint64_t stride) const {
    return rows(tile.rows, tile.columns, stride) + merges(tile, stride);
  }

  constexpr uint64_t compute(const Instruction& i, const Tile& tile) const {
    const uint64_t strips =
        pieces(tile.rows, m_.array_rows) * pieces(tile.columns, m_.array_columns);
    return i.k * larger(strips, m_.update_interval);
  }
  constexpr uint64_t words_of_a_row(const Tile& tile) const {
    return pieces(tile.columns, m_.array_columns) * larger(1, m_.array_columns / m_.word_lanes);
  }
  // The first strip's sums come as A and B came down the rows, and up again.
  constexpr uint64_t lag(const Tile& tile) const {
    const uint64_t strip = smaller(tile.rows, m_.array_rows), row = words_of_a_row(tile);
    const uint64_t way = 2 * hop * strip;
    return way > strip * row ? way - strip * row : 0;
  }
  // One row of sums a cycle, which hides the lag of all tiles but the last.
  constexpr uint64_t passing(const Tile& tile) const { return tile.rows * words_of_a_row(tile); }
  constexpr uint64_t drain(const Tile& tile) const { return passing(tile) + lag(tile); }
  constexpr uint64_t leave(const Instruction& i, const Tile& tile) const {
    return larger(drain(tile), write(tile, i.ldc));
  }
  // While X and the first chunk of the next A are read, the array has what waits of B.
  constexpr uint64_t waiting(const Instruction& i, const Tile& tile) const {
    const uint64_t length = smaller(i.k, m_.chunk);
    const uint64_t away = read_x(i, tile) + read_a(i, tile, length);
    const uint64_t quarter = m_.chunk * (m_.tile_columns / m_.array_columns) / 4;
    const uint64_t rows_of_a = m_.array_rows * (m_.chunk / m_.word_lanes + m_.burst_cycles);
    uint64_t cover = larger(quarter, rows_of_a) * pieces(tile.rows, m_.array_rows);
    const uint64_t rest = i.k % m_.chunk;
    if (rest != 0 && i.k > m_.chunk) {
      // A shorter last chunk leaves as little to do as it is, and some of the one before.
      const uint64_t last = compute(i, tile) / i.k * rest;
      const uint64_t meanwhile = read_a(i, tile, rest) + read_b(i, tile, rest);
      cover = smaller(cover, last + (cover > meanwhile ? cover - meanwhile : 0));
    }
    return away > cover ? away - cover : 0;
  }
  // already: cycles of its reads that an earlier term has counted.
  constexpr uint64_t steady(const Instruction& i, const Tile& tile, uint64_t already = 0) const {
    const uint64_t reads = read(i, tile) + read_x(i, tile) - already;
    const uint64_t leaving = larger(passing(tile), write(tile, i.ldc));
    return larger(larger(compute(i, tile) + waiting(i, tile), reads), leaving);
  }

  constexpr CycleModel cut_as(const Instruction& i) const { return CycleModel(cut_for(i, false)); }

  constexpr Parts product_parts(const Instruction& i) const {
    const uint64_t down = i.m / m_.tile_rows, right = i.n / m_.tile_columns;
    const Tile whole{m_.tile_rows, m_.tile_columns};
    const Tile edge{i.m % m_.tile_rows, i.n % m_.tile_columns};
    Parts sum{0, 0, 0};
    add(sum, i, whole, down * right);
    add(sum, i, {whole.rows, edge.columns}, down);
    add(sum, i, {edge.rows, whole.columns}, right);
    add(sum, i, edge, 1);
    return sum;
  }
  constexpr void add(Parts& sum, const Instruction& i, const Tile& tile, uint64_t count) const {
    if (tile.rows == 0 || tile.columns == 0) return;
    sum.compute += count * compute(i, tile);
    sum.memory += count * (read(i, tile) + read_x(i, tile));
    sum.drain += count * leave(i, tile);
  }

  // Cycles of all tiles but the last, which hide the drain of the one before.
  constexpr uint64_t all_but_last(const Instruction& i, const Tile& first, const Tile& last,
                                  uint64_t already) const {
    const uint64_t down = i.m / m_.tile_rows, right = i.n / m_.tile_columns;
    const Tile edge{i.m % m_.tile_rows, i.n % m_.tile_columns};
    uint64_t cycles = down * right * steady(i, {m_.tile_rows, m_.tile_columns});
    if (edge.columns != 0) cycles += down * steady(i, {m_.tile_rows, edge.columns});
    if (edge.rows != 0) cycles += right * steady(i, {edge.rows, m_.tile_columns});
    if (edge.rows != 0 && edge.columns != 0) cycles += steady(i, edge);
    return cycles - steady(i, last) - steady(i, first) + steady(i, first, already);
  }

  // Words of a table before all others. Its entries then go to the lanes one a cycle, which hides
  // behind the products of all but small tiles.
  constexpr bool has_table(const Instruction& i) const {
    return i.opcode == opcode_fcn && activation(i.flags) == activation_table;
  }
  constexpr uint64_t table(const Instruction& i) const {
    return has_table(i) ? burst(table_entries * m_.addend_lanes) : 0;
  }
  // Until the lanes have the entries, and then the sums of all tiles pass.
  constexpr uint64_t filling(const Instruction& i) const {
    const uint64_t passing_all = i.m * words_of_a_row({0, i.n});
    return has_table(i) ? m_.burst_cycles + table_entries + passing_all : 0;
  }

  constexpr uint64_t product(const Instruction& i) const {
    const Tile first{smaller(i.m, m_.tile_rows), smaller(i.n, m_.tile_columns)};
    const Tile last{(i.m - 1) % m_.tile_rows + 1, (i.n - 1) % m_.tile_columns + 1};
    const bool is_only = i.m <= m_.tile_rows && i.n <= m_.tile_columns;
    const uint64_t first_a = first_chunk(i, first);
    // A tile's products begin when the first chunk of its A is there, while the tile before ends.
    const uint64_t length = smaller(i.k, m_.chunk), last_a = read_a(i, last, length);
    const uint64_t before =
        is_only ? 0 : all_but_last(i, first, last, read_a(i, first, length) - last_a);
    const uint64_t all_reads = read(i, last), already = is_only ? first_a : last_a;
    const uint64_t reads = all_reads > already ? all_reads - already : 0;
    // X may come while the sums leave.
    const uint64_t sums = larger(compute(i, last), reads) + leave(i, last);
    const uint64_t addends = reads + read_x(i, last) + m_.burst_cycles;
    const uint64_t body = table(i) + first_a + before + larger(sums, addends);
    return m_.memory_latency + 5 * hop + larger(body, filling(i)) + 5 * hop + m_.memory_latency;
  }

  // Integers have an adder of their own there, behind the products.
  constexpr uint64_t adder_interval() const {
    return m_.update_interval > 3 ? m_.update_interval : 2;
  }
  // Bound by the words of A.
  constexpr uint64_t vector_block(const Instruction& i, uint64_t count) const {
    const uint64_t whole = i.k / m_.vector_chunk, rest = i.k % m_.vector_chunk;
    uint64_t cycles = burst(count);
    cycles += whole * (burst(m_.vector_chunk) + rows(count, m_.vector_chunk, i.lda));
    if (rest != 0)
      cycles += burst(rest) + larger(rows(count, rest, i.lda), count * adder_interval());
    return cycles;
  }
  constexpr uint64_t vector_product(const Instruction& i) const {
    const uint64_t blocks = i.m / m_.vector_rows, rest = i.m % m_.vector_rows;
    const uint64_t last = rest != 0 ? rest : m_.vector_rows;
    const uint64_t merge = last % m_.word_lanes != 0 ? m_.memory_latency + m_.burst_cycles : 0;
    return m_.memory_latency + blocks * vector_block(i, m_.vector_rows) +
           (rest != 0 ? vector_block(i, rest) : 0) + words(last) + merge + 4 * hop +
           m_.memory_latency;
  }

  // A row passes three processes, which take an element a cycle and hand it on as a whole.
  constexpr uint64_t softmax_row(const Instruction& i) const {
    const uint64_t classes = i.ldb, before = i.k - classes;
    const bool is_legacy = (i.post & 0xffu) == softmax_legacy;
    const uint64_t scale = 2 * before + classes;
    const uint64_t look_up = (is_legacy ? classes * classes : classes) + 1;
    return larger(larger(scale, look_up), i.n);
  }
  constexpr uint64_t softmax_entries(const Instruction& i) const {
    return (uint64_t(1) << (i.post >> 8 & 0xffu)) + (uint64_t(1) << (i.post >> 16 & 0xffu)) + i.ldb;
  }
  constexpr uint64_t softmax_memory(const Instruction& i) const {
    return burst(softmax_entries(i) * m_.addend_lanes) + rows(i.m, i.k, i.lda) +
           write(Tile{i.m, i.n}, i.ldc);
  }
  constexpr uint64_t softmax(const Instruction& i) const {
    const uint64_t row = softmax_row(i);
    const uint64_t rows_in = rows(i.m, i.k, i.lda), rows_out = write(Tile{i.m, i.n}, i.ldc);
    const uint64_t steady = larger(larger(i.m * row, rows_in), rows_out);
    // The first row arrives after the parameters, and the last one leaves two processes later.
    return m_.memory_latency + m_.burst_cycles + softmax_entries(i) + steady + i.k + i.n +
           5 * hop + m_.memory_latency;
  }

  Machine m_;
};

}  // namespace xfblas

#endif
