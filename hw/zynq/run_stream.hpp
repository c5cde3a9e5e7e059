// A program whose rows come by a stream and whose results leave by one; weights stay in memory.
//
// Where rows go and results lie is what the program says: A of its first instruction and C of its
// last one. So the same pages serve both tops.
#ifndef XFBLAS_RUN_STREAM_HPP
#define XFBLAS_RUN_STREAM_HPP

#include "beats.hpp"
#include "whole_words.hpp"

namespace xfblas {

// Rows of whole words in memory.
struct Block {
  uint64_t first, words;  // words of all rows; 0 where the program is not one that may run
};

struct Ends {
  Block rows, results;
};

template <class Operation>
Block block_of(const Instruction& i, uint32_t amount, uint32_t page, uint32_t stride,
               uint32_t memory_pages) {
#pragma HLS INLINE
  using E = typename Operation::E;
  const uint32_t rows = amount == 0 ? i.m : amount;
  Block block;
  block.first = uint64_t(page) * (page_bytes / E::word_bytes);
  block.words = uint64_t(rows) * stride / E::word_lanes;
  const bool fits = rows <= i.m && stride % uint32_t(E::word_lanes) == 0 &&
                    block.first + block.words <=
                        uint64_t(memory_pages) * (page_bytes / E::word_bytes);
  const Status status = Operation::check(i, Instruction(), memory_pages);
  if (!fits || page < first_matrix_page || status != status_ok) block.words = 0;
  return block;
}

template <class Operation>
Ends ends_of_program(const typename Operation::E::Word* rd, uint32_t amount) {
  RawInstruction program[instructions_per_page];
#pragma HLS AGGREGATE variable=program
  const uint32_t memory_pages = memory_limit(uint32_t(configuration::bank_pages));
  Instruction first, last;
  first.opcode = last.opcode = opcode_control;
  bool runs = true;
  fetch_program<typename Operation::E>(rd, program);
instructions:
  for (uint32_t slot = 0; slot < instructions_per_page && runs; ++slot) {
#pragma HLS PIPELINE II=1
    const Instruction i = decoded(program[slot]);
    if (is_control(i)) {
      runs = !is_last(i);
      continue;
    }
    if (is_control(first)) first = i;
    last = i;
  }
  Ends ends = {{0, 0}, {0, 0}};
  if (!is_control(first)) {
    ends.rows = block_of<Operation>(first, amount, first.a, first.lda, memory_pages);
    ends.results = block_of<Operation>(last, amount, last.c, last.ldc, memory_pages);
  }
  return ends;
}

// Takes as many words as there are, and leaves those out that have no place.
template <class E>
void take_rows(typename E::Word* wr, const Block& block, BeatStream& rows) {
  bool is_last = false;
rows:
  for (uint64_t i = 0; !is_last; ++i) {
#pragma HLS PIPELINE II=1
    const Beat beat = rows.read();
    is_last = beat.last;
    if (i < block.words) wr[block.first + i] = beat.data;
  }
}

// One word at least, so that whoever waits for the end of a packet sees it.
template <class E>
void give_results(const typename E::Word* rd, const Block& block, BeatStream& results) {
  const uint64_t count = block.words == 0 ? 1 : block.words;
results:
  for (uint64_t i = 0; i < count; ++i) {
#pragma HLS PIPELINE II=1
    Beat beat = Beat();
    if (block.words != 0) beat.data = rd[block.first + i];
    beat.last = i + 1 == count;
    results.write(beat);
  }
}

template <class Operation>
void stream_program(BeatStream& rows, BeatStream& results,
                    const typename Operation::E::Word* rd, typename Operation::E::Word* wr,
                    Clock& clock, uint32_t amount) {
  const Ends ends = ends_of_program<Operation>(rd, amount);
  take_rows<typename Operation::E>(wr, ends.rows, rows);
  run_program<Operation>(rd, wr, clock, amount);
  give_results<typename Operation::E>(rd, ends.results, results);
}

template <class Operation>
void run_stream(BeatStream& rows, BeatStream& results, const typename Operation::E::Word* rd,
                typename Operation::E::Word* wr, uint32_t amount) {
#pragma HLS DATAFLOW
  XFBLAS_LAUNCH();
  Clock clock;
  stream_program<Operation>(rows, results, rd, wr, clock, amount);
  count_cycles(clock);
}

}  // namespace xfblas

#endif
