// Instructions from page 0, results to page 1.
#ifndef XFBLAS_PROGRAM_HPP
#define XFBLAS_PROGRAM_HPP

#include "shape.hpp"
#include "timing.hpp"
#include "xfblas/instruction.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

constexpr int instruction_words = instruction_bytes / 4;

// Sixteen 32-bit words out of as many memory words as an instruction takes.
struct RawInstruction {
  uint32_t word[instruction_words];
};

template <class E>
struct InstructionFormat {
  static constexpr int memory_words = int(instruction_bytes) / E::word_bytes;
  static constexpr int elements_of_a_word = 4 / int(sizeof(typename E::Element));
  static constexpr int words_of_a_memory_word = E::word_bytes / 4;
};

// One burst for the whole page: a request for each instruction would cost the memory's latency
// every time.
template <class E>
void fetch_program(const typename E::Word* memory,
                   RawInstruction (&program)[instructions_per_page]) {
  using Format = InstructionFormat<E>;
  using ElementBits = Bits<typename E::Element>;
  spend(memory_latency);
fetch:
  for (uint32_t i = 0; i < instructions_per_page * Format::memory_words; ++i) {
#pragma HLS PIPELINE II=1
    const typename E::Word from = memory[i];
    const uint32_t part = i % Format::memory_words;
    RawInstruction& to = program[i / Format::memory_words];
  words:
    for (int w = 0; w < Format::words_of_a_memory_word; ++w) {
#pragma HLS UNROLL
      uint32_t bits = 0;
    elements:
      for (int e = 0; e < Format::elements_of_a_word; ++e) {
#pragma HLS UNROLL
        const int lane = w * Format::elements_of_a_word + e;
        bits |= uint32_t(ElementBits::of(from.lane[lane])) << (e * E::Traits::bits);
      }
      to.word[part * Format::words_of_a_memory_word + w] = bits;
    }
    spend(1);
  }
}

inline Instruction decoded(const RawInstruction& raw) {
#pragma HLS INLINE
  Instruction i;
  i.opcode = raw.word[0];
  i.a = raw.word[1];
  i.b = raw.word[2];
  i.c = raw.word[3];
  i.x = raw.word[4];
  i.m = raw.word[5];
  i.k = raw.word[6];
  i.n = raw.word[7];
  i.lda = raw.word[8];
  i.ldb = raw.word[9];
  i.ldc = raw.word[10];
  i.ldx = raw.word[11];
  i.post = raw.word[12];
  i.prelu = raw.word[13];
  i.flags = raw.word[14];
  i.formats = raw.word[15];
  return i;
}

// A control instruction shares the first words with the others.
inline bool is_control(const Instruction& i) { return i.opcode == opcode_control; }
inline bool is_last(const Instruction& i) { return i.a == 1; }
inline uint32_t memory_pages_of(const Instruction& i) { return i.b; }

template <class E>
void write_result(typename E::Word* memory, uint32_t slot, uint64_t start, uint64_t end,
                  Status status) {
  using Format = InstructionFormat<E>;
  using ElementBits = Bits<typename E::Element>;
  const uint64_t first = uint64_t(result_page) * (page_bytes / E::word_bytes);
  uint32_t words[instruction_words] = {};
#pragma HLS ARRAY_PARTITION variable=words type=complete
  words[0] = uint32_t(start);
  words[1] = uint32_t(start >> 32);
  words[2] = uint32_t(end);
  words[3] = uint32_t(end >> 32);
  words[4] = status;
result:
  for (uint32_t part = 0; part < uint32_t(Format::memory_words); ++part) {
#pragma HLS PIPELINE II=1
    typename E::Word to;
  elements:
    for (int lane = 0; lane < E::word_lanes; ++lane) {
#pragma HLS UNROLL
      const uint32_t bits = words[part * Format::words_of_a_memory_word +
                                  lane / Format::elements_of_a_word];
      const int places = lane % Format::elements_of_a_word * E::Traits::bits;
      to.lane[lane] = ElementBits::back(typename ElementBits::type(bits >> places));
    }
    memory[first + slot * Format::memory_words + part] = to;
  }
}

}  // namespace xfblas

#endif
