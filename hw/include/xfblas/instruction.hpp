// The words that host and kernel exchange: instructions in page 0, results in page 1.
//
// C++14 and free of the standard library's containers, because the kernels include it as well
// as the host. All fields are little-endian 32-bit words; memory offsets count pages of 4096
// bytes from the compute unit's memory base.
#ifndef XFBLAS_INSTRUCTION_HPP
#define XFBLAS_INSTRUCTION_HPP

#include <cstdint>

namespace xfblas {

constexpr uint32_t page_bytes = 4096;
constexpr uint32_t instruction_page = 0;
constexpr uint32_t result_page = 1;
constexpr uint32_t first_matrix_page = 2;
constexpr uint32_t instruction_bytes = 64;
constexpr uint32_t instructions_per_page = page_bytes / instruction_bytes;

enum Opcode : uint32_t {
  opcode_control = 0,
  opcode_gemv = 1,
  opcode_gemm = 2,
  opcode_fcn = 8,
  // Of the Fcn engine on integers: see xfblas/softmax.hpp and xfblas/feature_map.hpp.
  opcode_softmax = 10,
  opcode_map = 11,     // how the next instruction walks feature maps
  opcode_window = 12,  // pooling and depthwise convolution
};

// Word 14. Zero is the plain arithmetic: floor, wrap, a full X matrix, PReLU.
enum Flag : uint32_t {
  flag_round = 1u << 0,     // add 2^(postShift-1) before the shift
  flag_saturate = 1u << 1,  // clamp to the element's range instead of taking its low bits
  flag_bias_row = 1u << 2,  // X is one row of n values, used for every row of C
  flag_a_packed = 1u << 4,  // A lies tile-contiguous in memory
  flag_b_packed = 1u << 5,  // B lies tile-contiguous in memory
  flag_activation_shift = 8,
  flag_activation_mask = 15u << flag_activation_shift,
};

enum Activation : uint32_t {
  activation_prelu = 0,
  activation_tanh = 1,
  activation_sigmoid = 2,
  activation_table = 3,  // by entries that the host sends, see entry_table.hpp
};

// What a kernel writes into the result slot of an instruction.
enum Status : uint32_t {
  status_ok = 0,
  status_unknown_opcode = 1,
  status_zero_size = 2,          // m, k or n is 0
  status_leading_dimension = 3,  // shorter than a row
  status_out_of_memory = 4,      // an operand lies outside the compute unit's memory
  status_bad_field = 5,          // a flag, activation or prelu field this engine does not know
};

// Softmax has its parameters in b, the columns of A in k and of C in n, the classes in ldb, the
// offset in ldx, and the fields of softmax.hpp in post, prelu and formats. Map has the fields of
// feature_map.hpp. Window has its kind in k and the channels in n.
struct Instruction {
  uint32_t opcode;
  uint32_t a, b, c, x;  // pages; x == 0 means that nothing is added. Gemv: A, x, y, 0
  uint32_t m, k, n;     // Gemv: m, n, 0
  uint32_t lda, ldb, ldc, ldx;  // in elements. Gemv: lda
  uint32_t post;                // postScale << 8 | postShift
  uint32_t prelu;               // low half: preluScale << 6 | preluAlpha; the page of a table
  uint32_t flags;
  // tanh and sigmoid: fraction bits of the input, then of the output. A table: log2 of its groups.
  uint32_t formats;
};
static_assert(sizeof(Instruction) == instruction_bytes, "an instruction is sixteen 32-bit words");

// A control instruction uses two words after the opcode. The host puts one first in every launch
// to tell the kernel how much memory it may touch, and one last to end a page that is not full.
struct Control {
  uint32_t opcode;
  uint32_t last;          // 1 ends the program
  uint32_t memory_pages;  // size of the compute unit's memory; 0 leaves the platform's
  uint32_t reserved[13];
};
static_assert(sizeof(Control) == instruction_bytes, "a control word is an instruction too");

// One slot per instruction of the launch, at the same index as in page 0.
struct Result {
  uint64_t start, end;  // cycle stamps
  uint32_t status;
  uint32_t reserved[11];
};
static_assert(sizeof(Result) == instruction_bytes, "a result slot is one memory word");

constexpr uint32_t pack_post(uint32_t scale, uint32_t shift) { return scale << 8 | shift; }
constexpr uint32_t post_scale(uint32_t post) { return post >> 8 & 0xffffu; }
constexpr uint32_t post_shift(uint32_t post) { return post & 0xffu; }

constexpr uint32_t pack_prelu(int32_t scale, uint32_t alpha) {
  return (uint32_t(scale) << 6 | alpha) & 0xffffu;
}
constexpr int32_t prelu_scale(uint32_t prelu) { return int32_t(int16_t(prelu & 0xffffu)) >> 6; }
constexpr uint32_t prelu_alpha(uint32_t prelu) { return prelu & 0x3fu; }

constexpr uint32_t activation(uint32_t flags) {
  return (flags & flag_activation_mask) >> flag_activation_shift;
}

}  // namespace xfblas

#endif
