// The words of instructions: the one place on the host that writes them.
#ifndef XFBLAS_PROGRAM_ENCODER_HPP
#define XFBLAS_PROGRAM_ENCODER_HPP

#include <cstdint>

#include "image/image.hpp"
#include "xfblas/instruction.hpp"
#include "xfblas/softmax.hpp"

namespace xfblas {

struct Sizes {
  int64_t m, k, n;
  int64_t lda, ldb, ldc, ldx;
};

// The page offsets of a product's operands; x and the table may be 0. Gemv: A, x and y in a, b, c.
struct Pages {
  uint32_t a, b, c, x;
  uint32_t table = 0;
};

// What happens to a sum on its way to C, as calls have it; the defaults change nothing.
struct EpilogueFields {
  int post_scale = 1, post_shift = 0;
  int prelu_scale = 1, prelu_alpha = 0;
  uint32_t flags = 0;
  // Fraction bits of a function's argument, then of its result; of a table the groups.
  uint32_t formats = 0;
};

// All have been checked: what does not fit its word loses its upper bits here.
Instruction product_instruction(Engine engine, const Sizes& sizes, const Pages& pages,
                                const EpilogueFields& epilogue);
Instruction vector_instruction(int64_t m, int64_t n, int64_t lda, const Pages& pages);
// Softmax: sizes.n classes out of sizes.k columns of A; columns of C; the parameters' page in b.
Instruction softmax_instruction(const Sizes& sizes, int64_t columns, const Pages& pages,
                                const SoftmaxFields& fields);

// Tells the kernel how much memory it may touch, and whether the program ends here.
Instruction control_instruction(bool is_last, uint32_t memory_pages);

}  // namespace xfblas

#endif
