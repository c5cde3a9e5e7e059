// Softmax by tables: its arguments checked, and its instruction.
#include "error.hpp"
#include "program/operation.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

void require_between(const char* name, int64_t value, int64_t low, int64_t high) {
  require(value >= low && value <= high, invalid, name, " is ", value, ", expected ", low, " to ",
          high);
}

// As check_softmax_fields of xfblas/check.hpp, by name.
void check_fields(const SoftmaxFields& f) {
  constexpr int64_t up = -20, down = 47;
  require_between("kind", f.kind, softmax_stable, softmax_argmax);
  require_between("expBits", f.exp_bits, 0, softmax_table_bits);
  require_between("invTableBits", f.inv_table_bits, 0, softmax_table_bits);
  require_between("normBits", f.norm_bits, f.exp_bits, 24);
  require_between("invBits", f.inv_bits, f.inv_table_bits, 24);
  require_between("accumBits", f.accum_bits, 0, 32);
  require_between("scaleShift", f.scale_shift, 0, down);
  require_between("accumShift", f.accum_shift, up, down);
  require_between("invShift", f.inv_shift, up, down);
  require_between("resultShift", f.result_shift, f.kind == softmax_argmax ? 0 : up, down);
}

}  // namespace

Operation OperationMaker::softmax(int64_t m, int64_t k, int64_t classes, int64_t lda, int64_t ldc,
                                  const Matrices& matrices, const SoftmaxFields& fields) const {
  require_engine(Engine::fcn);
  require(configuration_.data_type != DataType::float32, XFBLAS_STATUS_NOT_SUPPORTED,
          "the image computes with float32, expected integers: tables are for them");
  require_between("m", m, 1, UINT32_MAX);
  require_between("classes", classes, 1, softmax_classes);
  require(k >= classes && k % classes == 0 && k / classes <= softmax_windows, invalid, "k is ", k,
          ", expected 1 to ", softmax_windows, " times the ", classes, " classes");
  check_fields(fields);
  const auto& [a, parameters, c, no_x, no_table] = matrices;
  // Rows of memory that pads itself lie apart by its leading dimension, whose rest becomes zeros.
  if (a->pads_itself) lda = a->leading_dimension;
  const bool is_whole = c->pads_itself && c->columns == classes;
  if (c->pads_itself) ldc = c->leading_dimension;
  const auto columns = is_whole ? ldc : classes;
  const auto instruction = softmax_instruction({m, k, classes, lda, 0, ldc, 0}, columns,
                                               {a->page, parameters->page, c->page, 0}, fields);
  const auto element = configuration_.element_bytes();
  const int64_t words = softmax_words(instruction);
  const std::vector<Operand> operands{{"A", m, k, lda, element, a->page},
                                      {"parameters", 1, words, words, 4, parameters->page},
                                      {"C", m, columns, ldc, element, c->page}};
  const DeviceMatrix* const in_order[] = {a, parameters, c};
  for (size_t i = 0; i < operands.size(); ++i) {
    operands[i].require_row_fits();
    operands[i].require_inside(*in_order[i]);
  }
  require_apart(operands, false);
  return {instruction, {a->id, parameters->id, c->id, 0, 0}};
}

}  // namespace xfblas
