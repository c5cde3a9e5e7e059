#include "program/encoder.hpp"

#include <cstring>

namespace xfblas {

Instruction product_instruction(Engine engine, const Sizes& sizes, const Pages& pages,
                                const EpilogueFields& epilogue) {
  Instruction word{};
  word.opcode = engine == Engine::fcn ? opcode_fcn : opcode_gemm;
  word.a = pages.a, word.b = pages.b, word.c = pages.c, word.x = pages.x;
  word.m = uint32_t(sizes.m), word.k = uint32_t(sizes.k), word.n = uint32_t(sizes.n);
  word.lda = uint32_t(sizes.lda), word.ldb = uint32_t(sizes.ldb), word.ldc = uint32_t(sizes.ldc);
  word.ldx = pages.x ? uint32_t(sizes.ldx) : 0;
  word.post = pack_post(uint32_t(epilogue.post_scale), uint32_t(epilogue.post_shift));
  word.prelu = activation(epilogue.flags) == activation_table
                   ? pages.table
                   : pack_prelu(epilogue.prelu_scale, uint32_t(epilogue.prelu_alpha));
  word.flags = epilogue.flags;
  word.formats = epilogue.formats;
  return word;
}

Instruction vector_instruction(int64_t m, int64_t n, int64_t lda, const Pages& pages) {
  Instruction word{};
  word.opcode = opcode_gemv;
  word.a = pages.a, word.b = pages.b, word.c = pages.c;
  word.m = uint32_t(m), word.k = uint32_t(n);
  word.lda = uint32_t(lda);
  return word;
}

Instruction softmax_instruction(const Sizes& sizes, int64_t columns, const Pages& pages,
                                const SoftmaxFields& f) {
  const auto byte = [](int32_t value, int place) { return uint32_t(uint8_t(value)) << place; };
  Instruction word{};
  word.opcode = opcode_softmax;
  word.a = pages.a, word.b = pages.b, word.c = pages.c;
  word.m = uint32_t(sizes.m), word.k = uint32_t(sizes.k), word.n = uint32_t(columns);
  word.lda = uint32_t(sizes.lda), word.ldb = uint32_t(sizes.n), word.ldc = uint32_t(sizes.ldc);
  word.ldx = uint32_t(f.offset);
  word.post = f.kind | f.exp_bits << 8 | f.inv_table_bits << 16 | byte(f.scale_shift, 24);
  word.prelu = f.norm_bits | byte(f.accum_shift, 8) | f.accum_bits << 16 | byte(f.inv_shift, 24);
  word.formats = f.inv_bits | byte(f.result_shift, 8);
  return word;
}

Instruction control_instruction(bool is_last, uint32_t memory_pages) {
  Control word{};
  word.opcode = opcode_control;
  word.last = is_last;
  word.memory_pages = memory_pages;
  Instruction instruction;
  std::memcpy(&instruction, &word, sizeof instruction);
  return instruction;
}

}  // namespace xfblas
