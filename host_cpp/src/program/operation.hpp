// Turns the arguments of a product into an instruction, after checking every one of them.
#ifndef XFBLAS_OPERATION_HPP
#define XFBLAS_OPERATION_HPP

#include <cstdint>
#include <vector>

#include "image/image.hpp"
#include "memory/memory.hpp"
#include "program/encoder.hpp"
#include "program/operand.hpp"
#include "program/queue.hpp"

namespace xfblas {

// The matrices of a product; x and the table may be null. Gemv: a, x and y in a, b and c.
struct Matrices {
  const DeviceMatrix* a;
  const DeviceMatrix* b;
  const DeviceMatrix* c;
  const DeviceMatrix* x;
  const DeviceMatrix* table = nullptr;
};

// Knows one compute unit's engine, image and memory; makes operations for it.
class OperationMaker {
 public:
  OperationMaker(Engine engine, const Configuration& configuration)
      : engine_(engine), configuration_(configuration) {}

  Operation product(const Sizes& sizes, const Matrices& matrices,
                    const EpilogueFields& epilogue) const;
  // The operands of a product by pages, its sizes and fields checked.
  std::vector<Operand> operands(const Sizes& sizes, const Pages& pages,
                                const EpilogueFields& epilogue) const;
  Operation product_by_page(const Sizes& sizes, const Pages& pages, const EpilogueFields& epilogue,
                            const Arena& arena) const;
  Operation vector_product(int64_t m, int64_t n, int64_t lda, const Matrices& matrices) const;

  // Of the first k columns of A, with the parameters in B.
  Operation softmax(int64_t m, int64_t k, int64_t classes, int64_t lda, int64_t ldc,
                    const Matrices& matrices, const SoftmaxFields& fields) const;

  // Fails where the device's engine is another one.
  void require_engine(Engine engine) const;
  void check_epilogue(const EpilogueFields& epilogue, bool has_table) const;

 private:
  EpilogueFields checked(EpilogueFields epilogue, bool has_table = false) const;
  void check_padding(const Sizes& sizes) const;
  Sizes sizes_of_padded(const Sizes& sizes, const Matrices& matrices,
                        const EpilogueFields& epilogue) const;

  Engine engine_;
  Configuration configuration_;
};

}  // namespace xfblas

#endif
