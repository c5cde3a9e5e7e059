#include "operation.hpp"

#include <algorithm>
#include <vector>

#include "error.hpp"
#include "operand.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

void require_size(const char* name, int64_t value) {
  require(value > 0 && value <= UINT32_MAX, invalid, name, " is ", value,
          ", expected a whole number from 1 on");
}

void require_between(const char* name, int64_t value, int64_t low, int64_t high) {
  require(value >= low && value <= high, invalid, name, " is ", value, ", expected ", low, " to ",
          high);
}

void require_multiple(const char* name, int64_t value, uint32_t padding) {
  require(value % padding == 0, XFBLAS_STATUS_NOT_PADDED, name, " is ", value,
          ", but this image needs a multiple of ", padding, ": pad with zeros to ",
          rounded_up(value, padding));
}

// The hardware streams A and B while it writes C, so C may only ever be its own addend.
void check_overlap(const std::vector<Operand>& operands, bool may_add_itself) {
  const auto& c = operands[2];
  for (const auto& operand : operands) {
    if (&operand == &c || !operand.overlaps(c)) continue;
    const bool is_addend = operand.name[0] == 'X' && may_add_itself && operand.page == c.page &&
                           operand.leading_dimension == c.leading_dimension;
    require(is_addend, invalid, "C at page ", c.page, " overlaps ", operand.name, " at page ",
            operand.page, ": give the result a matrix of its own (offsets computed by hand need sizes of whole "
            "pages)");
  }
}

uint64_t id_of(const Matrix* matrix) { return matrix ? matrix->id : 0; }
uint32_t page_of(const Matrix* matrix) { return matrix ? matrix->page : 0; }

}  // namespace

void OperationMaker::require_engine(Engine engine) const {
  require(engine == engine_, XFBLAS_STATUS_NOT_SUPPORTED, "this device was created with engine ",
          name_of(engine_), ", which does not run ", name_of(engine), " operations");
}

void OperationMaker::check_epilogue(const Epilogue& epilogue) const {
  require_between("postScale", epilogue.post_scale, 0, 65535);
  require_between("postShift", epilogue.post_shift, 0, 255);
  require_between("preluScale", epilogue.prelu_scale, -512, 511);
  require_between("preluAlpha", epilogue.prelu_alpha, 0, 31);
  constexpr uint32_t known =
      flag_round | flag_saturate | flag_bias_row | flag_activation_mask;
  require((epilogue.flags & ~known) == 0, invalid, "flags is ", epilogue.flags,
          ", expected a sum of ", flag_round, " (round), ", flag_saturate, " (saturate), ",
          flag_bias_row, " (bias_row) and an activation in bits 8 to 11");
  const bool is_float = configuration_.data_type == DataType::float32;
  const auto function = activation(epilogue.flags);
  require(function <= (is_float ? activation_prelu : activation_sigmoid), invalid,
          "the activation in bits 8 to 11 of flags is ", function, ", expected ",
          is_float ? "0 (PReLU) on the float engine" : "0 (PReLU), 1 (tanh) or 2 (sigmoid)");
  if (function != activation_prelu) {
    const auto most = 8 * int64_t(configuration_.element_bytes()) - 1;
    require_between("the argument's number of fraction bits", epilogue.formats & 0xffu, 0, most);
    require_between("the result's number of fraction bits", epilogue.formats >> 8, 0, most);
  }
  if (configuration_.data_type != DataType::float32) return;
  require(epilogue.post_scale == 1 && epilogue.post_shift == 0, invalid, "postScale is ",
          epilogue.post_scale, " and postShift ", epilogue.post_shift,
          ", expected 1 and 0: the float engine scales nothing");
  require(epilogue.prelu_scale == 0 || epilogue.prelu_scale == 1, invalid, "preluScale is ",
          epilogue.prelu_scale, ", expected 0 (ReLU) or 1 (linear) on the float engine");
}

void OperationMaker::check_padding(const Sizes& sizes) const {
  require_multiple("m", sizes.m, configuration_.m_padding());
  require_multiple("k", sizes.k, configuration_.k_padding());
  require_multiple("n", sizes.n, configuration_.n_padding());
  require_multiple("lda", sizes.lda, configuration_.ddr_width);
  require_multiple("ldb", sizes.ldb, configuration_.ddr_width);
  require_multiple("ldc", sizes.ldc, configuration_.ddr_width);
}

// Matrices that pad themselves are given with their true sizes and run with their padded ones.
Sizes OperationMaker::sizes_of_padded(const Sizes& sizes, const Matrices& matrices,
                                      const Epilogue& epilogue) const {
  const auto& [a, b, c, x] = matrices;
  const auto require_shape = [](const char* name, const Matrix& matrix, int64_t rows,
                                int64_t columns) {
    require(matrix.columns == columns && matrix.rows >= rows, invalid, name, " was allocated as ",
            matrix.rows, " x ", matrix.columns, ", but this product needs ", rows, " x ", columns);
  };
  require_shape("A", *a, sizes.m, sizes.k);
  require_shape("B", *b, sizes.k, sizes.n);
  require_shape("C", *c, sizes.m, sizes.n);
  require(b->rows == sizes.k, invalid, "B was allocated as ", b->rows, " x ", b->columns,
          ", but k is ", sizes.k);
  if (x) require_shape("X", *x, epilogue.flags & flag_bias_row ? 1 : sizes.m, sizes.n);
  return {rounded_up(sizes.m, configuration_.m_padding()),
          rounded_up(sizes.k, configuration_.k_padding()),
          rounded_up(sizes.n, configuration_.n_padding()),
          a->leading_dimension,
          b->leading_dimension,
          c->leading_dimension,
          x ? x->leading_dimension : 0};
}

Instruction OperationMaker::instruction(const Sizes& sizes, const Pages& pages,
                                        const Epilogue& epilogue) const {
  Instruction word{};
  word.opcode = engine_ == Engine::fcn ? opcode_fcn : opcode_gemm;
  word.a = pages.a, word.b = pages.b, word.c = pages.c, word.x = pages.x;
  word.m = uint32_t(sizes.m), word.k = uint32_t(sizes.k), word.n = uint32_t(sizes.n);
  word.lda = uint32_t(sizes.lda), word.ldb = uint32_t(sizes.ldb), word.ldc = uint32_t(sizes.ldc);
  word.ldx = pages.x ? uint32_t(sizes.ldx) : 0;
  word.post = pack_post(uint32_t(epilogue.post_scale), uint32_t(epilogue.post_shift));
  word.prelu = pack_prelu(epilogue.prelu_scale, uint32_t(epilogue.prelu_alpha));
  word.flags = epilogue.flags;
  word.formats = epilogue.formats;
  return word;
}

namespace {

std::vector<Operand> operands_of(const Instruction& i, const Configuration& configuration,
                                 Engine engine) {
  const auto element = configuration.element_bytes();
  int64_t b_columns = i.n;
  if (i.flags & flag_b_packed) {
    const auto strip = int64_t(configuration.machine->array_columns);
    b_columns = rounded_up(b_columns, strip);
  }
  std::vector<Operand> operands{
      {"A", i.m, i.k, i.lda, element, i.a},
      {"B", i.k, b_columns, std::max<int64_t>(b_columns, i.ldb), element, i.b},
      {"C", i.m, i.n, i.ldc, element, i.c}};
  const int64_t addend_rows = i.flags & flag_bias_row ? 1 : i.m;
  if (i.x)
    operands.push_back(
        {"X", addend_rows, i.n, i.ldx, configuration.addend_bytes(engine), i.x});
  return operands;
}

}  // namespace

Operation OperationMaker::product(const Sizes& given, const Matrices& matrices,
                                  const Epilogue& epilogue) const {
  require_size("m", given.m), require_size("k", given.k), require_size("n", given.n);
  check_epilogue(epilogue);
  const auto& [a, b, c, x] = matrices;
  const bool pads = a->pads_itself;
  require(b->pads_itself == pads && c->pads_itself == pads && (!x || x->pads_itself == pads),
          invalid,
          "some matrices were made by xfblasMalloc and some by xfblasSend or "
          "xfblasMallocRestricted, expected one kind in a product");
  const auto sizes = pads ? sizes_of_padded(given, matrices, epilogue) : given;
  if (!pads) check_padding(sizes);

  for (const auto leading : {sizes.lda, sizes.ldb, sizes.ldc, x ? sizes.ldx : 1})
    require(leading > 0 && leading <= UINT32_MAX, invalid, "a leading dimension is ", leading,
            ", expected at least a row's length");
  require(!a->is_packed && !c->is_packed && !(x && x->is_packed), invalid,
          "A, C or X is packed, expected that of B alone");
  const Pages pages{a->page, b->page, c->page, page_of(x)};
  Operation operation{instruction(sizes, pages, epilogue), {a->id, b->id, c->id, id_of(x)}};
  if (b->is_packed) operation.instruction.flags |= flag_b_packed;
  const auto operands = operands_of(operation.instruction, configuration_, engine_);
  const Matrix* const in_order[] = {a, b, c, x};
  for (size_t i = 0; i < operands.size(); ++i) {
    operands[i].require_row_fits();
    operands[i].require_inside(*in_order[i]);
  }
  check_overlap(operands, engine_ == Engine::gemm);
  return operation;
}

Operation OperationMaker::product_by_page(const Sizes& sizes, const Pages& pages,
                                          const Epilogue& epilogue, const Arena& arena) const {
  require_size("m", sizes.m), require_size("k", sizes.k), require_size("n", sizes.n);
  check_epilogue(epilogue);
  check_padding(sizes);
  const Operation operation{instruction(sizes, pages, epilogue), {}};
  const auto operands = operands_of(operation.instruction, configuration_, engine_);
  for (const auto& operand : operands) {
    operand.require_row_fits();
    operand.require_placed(arena);
  }
  check_overlap(operands, engine_ == Engine::gemm);
  return operation;
}

Operation OperationMaker::vector_product(int64_t m, int64_t n, int64_t lda,
                                         const Matrices& matrices) const {
  require_size("m", m), require_size("n", n);
  const auto& [a, x, y, none] = matrices;
  require(!a->pads_itself && !x->pads_itself && !y->pads_itself, XFBLAS_STATUS_NOT_SUPPORTED,
          "gemv takes matrices made by xfblasSend or xfblasMallocRestricted");
  require_multiple("m", m, configuration_.m_padding());
  require_multiple("n", n, configuration_.k_padding());
  const auto element = configuration_.element_bytes();
  const std::vector<Operand> operands{{"A", m, n, lda, element, a->page},
                                      {"x", 1, n, n, element, x->page},
                                      {"y", 1, m, m, element, y->page}};
  const Matrix* const in_order[] = {a, x, y};
  for (size_t i = 0; i < operands.size(); ++i) {
    operands[i].require_row_fits();
    operands[i].require_inside(*in_order[i]);
  }
  check_overlap(operands, false);
  Instruction word{};
  word.opcode = opcode_gemv;
  word.a = a->page, word.b = x->page, word.c = y->page;
  word.m = uint32_t(m), word.k = uint32_t(n);
  word.lda = uint32_t(lda);
  return {word, {a->id, x->id, y->id, id_of(none)}};
}

}  // namespace xfblas
