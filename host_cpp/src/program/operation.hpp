// Turns the arguments of a product into an instruction, after checking every one of them.
#ifndef XFBLAS_OPERATION_HPP
#define XFBLAS_OPERATION_HPP

#include <cstdint>
#include <vector>

#include "image/image.hpp"
#include "memory/memory.hpp"
#include "program/operand.hpp"
#include "program/queue.hpp"

namespace xfblas {

struct Sizes {
  int64_t m, k, n;
  int64_t lda, ldb, ldc, ldx;
};

// What happens to a sum on its way to C; the defaults change nothing.
struct Epilogue {
  int post_scale = 1, post_shift = 0;
  int prelu_scale = 1, prelu_alpha = 0;
  uint32_t flags = 0;
  uint32_t formats = 0;  // fraction bits of a function's argument, then of its result
};

// The matrices of a product; x may be null. Gemv: a, x and y in a, b and c.
struct Matrices {
  const Matrix* a;
  const Matrix* b;
  const Matrix* c;
  const Matrix* x;
};

// The page offsets of a product's operands; x may be 0.
struct Pages {
  uint32_t a, b, c, x;
};

// Whether operands given by page lie as require_placed has it, and C apart from A and B.
bool are_placed(const std::vector<Operand>& operands, const Arena& arena);

// Knows one compute unit's engine, image and memory; makes operations for it.
class OperationMaker {
 public:
  OperationMaker(Engine engine, const Configuration& configuration)
      : engine_(engine), configuration_(configuration) {}

  Operation product(const Sizes& sizes, const Matrices& matrices, const Epilogue& epilogue) const;
  // The operands of a product by pages, its sizes and fields checked.
  std::vector<Operand> operands(const Sizes& sizes, const Pages& pages,
                                const Epilogue& epilogue) const;
  Operation product_by_page(const Sizes& sizes, const Pages& pages, const Epilogue& epilogue,
                            const Arena& arena) const;
  Operation vector_product(int64_t m, int64_t n, int64_t lda, const Matrices& matrices) const;

  // Fails where the device's engine is another one.
  void require_engine(Engine engine) const;

 private:
  void check_epilogue(const Epilogue& epilogue) const;
  Epilogue checked(Epilogue epilogue) const;
  void check_padding(const Sizes& sizes) const;
  Sizes sizes_of_padded(const Sizes& sizes, const Matrices& matrices,
                        const Epilogue& epilogue) const;
  Instruction instruction(const Sizes& sizes, const Pages& pages, const Epilogue& epilogue) const;

  Engine engine_;
  Configuration configuration_;
};

}  // namespace xfblas

#endif
