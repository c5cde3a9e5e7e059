#include "program/operation.hpp"

#include <algorithm>
#include <initializer_list>
#include <tuple>
#include <utility>
#include <vector>

#include "error.hpp"
#include "program/operand.hpp"
#include "xfblas/entry_table.hpp"

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

// A matrix that pads itself is used with the leading dimension that it was allocated with; of one
// row it is not.
void require_part(const char* name, const char* leading_name, const DeviceMatrix& matrix,
                  int64_t rows, int64_t columns, int64_t leading_dimension) {
  require(matrix.rows >= rows && matrix.columns >= columns, invalid, name, " was allocated as ",
          matrix.rows, " x ", matrix.columns, ", but this product needs ", rows, " x ", columns);
  require(rows == 1 ? leading_dimension >= columns : leading_dimension == matrix.columns, invalid,
          leading_name, " is ", leading_dimension, ", but ", name,
          " was allocated with a leading dimension of ", matrix.columns);
}

void require_whole_or_multiple(const char* name, int64_t value, int64_t padding,
                               std::initializer_list<std::pair<const char*, int64_t>> extents) {
  if (value % padding == 0) return;
  for (const auto& [matrix, extent] : extents)
    require(extent == value, XFBLAS_STATUS_NOT_PADDED, name, " is ", value, ", a part of the ",
            extent, " of ", matrix, ": on this image a part must be a multiple of ", padding);
}

void require_one_kind(const Matrices& matrices) {
  const auto& [a, b, c, x, table] = matrices;
  const bool pads = a->pads_itself;
  require(b->pads_itself == pads && c->pads_itself == pads && (!x || x->pads_itself == pads) &&
              (!table || table->pads_itself == pads),
          invalid,
          "some matrices were made by xfblasMalloc and some by xfblasSend or "
          "xfblasMallocRestricted, expected one kind in a product");
}

// Elements of a vector that pads itself, which must follow one another in memory.
int64_t length_of(const char* name, const DeviceMatrix& vector, int64_t needed) {
  const bool is_row = vector.rows == 1, is_column = vector.leading_dimension == 1;
  const int64_t length = is_row ? vector.columns : vector.rows;
  require((is_row || is_column) && length >= needed, invalid, name, " was allocated as ",
          vector.rows, " x ", vector.columns, ", expected one row of ", needed, " elements",
          is_row || is_column ? "" : ": a column is padded on this image");
  return length;
}

uint64_t id_of(const DeviceMatrix* matrix) { return matrix ? matrix->id : 0; }
uint32_t page_of(const DeviceMatrix* matrix) { return matrix ? matrix->page : 0; }

}  // namespace

void OperationMaker::require_engine(Engine engine) const {
  require(engine == engine_, XFBLAS_STATUS_NOT_SUPPORTED, "this device was created with engine ",
          name_of(engine_), ", which does not run ", name_of(engine), " operations");
}

void OperationMaker::check_epilogue(const EpilogueFields& epilogue, bool has_table) const {
  require_between("postScale", epilogue.post_scale, 0, 65535);
  require_between("postShift", epilogue.post_shift, 0, 255);
  require_between("preluScale", epilogue.prelu_scale, -512, 511);
  require_between("preluAlpha", epilogue.prelu_alpha, 0, 31);
  constexpr uint32_t known = flag_round | flag_saturate | flag_bias_row | flag_activation_mask;
  require((epilogue.flags & ~known) == 0, invalid, "flags is ", epilogue.flags,
          ", expected a sum of ", flag_round, " (round), ", flag_saturate, " (saturate), ",
          flag_bias_row, " (bias_row) and an activation in bits 8 to 11");
  const bool is_float = configuration_.data_type == DataType::float32;
  const auto function = activation(epilogue.flags);
  require(function <= (is_float    ? activation_prelu
                       : has_table ? activation_table
                                   : activation_sigmoid),
          invalid, "the activation in bits 8 to 11 of flags is ", function, ", expected ",
          is_float ? "0 (PReLU) on the float engine"
                   : "0 (PReLU), 1 (tanh) or 2 (sigmoid), or 3 with a table");
  require(!has_table || function == activation_table, invalid, "a table was given, but the ",
          "activation in bits 8 to 11 of flags is ", function, ", expected ", activation_table);
  if (function == activation_table) {
    require_between("groups", epilogue.formats, fewest_groups, most_groups);
  } else if (function != activation_prelu) {
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

// Matrices that pad themselves are given with their true sizes and run with those that the image takes.
Sizes OperationMaker::sizes_of_padded(const Sizes& sizes, const Matrices& matrices,
                                      const EpilogueFields& epilogue) const {
  const auto& [a, b, c, x, table] = matrices;
  const auto [m, k, n] = std::tuple(sizes.m, sizes.k, sizes.n);
  require_part("A", "lda", *a, m, k, sizes.lda);
  require_part("B", "ldb", *b, k, n, sizes.ldb);
  require_part("C", "ldc", *c, m, n, sizes.ldc);
  if (x) require_part("X", "ldx", *x, epilogue.flags & flag_bias_row ? 1 : m, n, sizes.ldx);
  // Beyond a part lies data of the same matrix, where a whole one has zeros.
  require_whole_or_multiple("k", k, configuration_.k_step(),
                            {{"A", a->columns}, {"B", b->rows}});
  require_whole_or_multiple("n", n, configuration_.n_padding(),
                            {{"B", b->columns}, {"C", c->columns}, {"X", x ? x->columns : n}});
  // Fcn overwrites these rows of C; what adds to C must leave them.
  if (engine_ == Engine::gemm)
    require_whole_or_multiple("m", m, configuration_.m_step(), {{"C", c->rows}});
  require(!b->is_packed() || (b->rows == k && b->columns == n), invalid, "B was packed as ", b->rows,
          " x ", b->columns, ", but this product needs ", k, " x ", n);
  const auto whole_n = rounded_up(n, configuration_.n_padding());
  require(!b->is_packed() || configuration_.packs_alike(b->packed_columns, whole_n), invalid,
          "B was packed as a filter by xfblasMallocPackedFilter, expected by xfblasMallocPacked");
  return {rounded_up(m, configuration_.m_step()),
          rounded_up(k, configuration_.k_step()),
          whole_n,
          a->leading_dimension,
          b->leading_dimension,
          c->leading_dimension,
          x ? x->leading_dimension : 0};
}

// An image may take X as one row whatever its programs say.
EpilogueFields OperationMaker::checked(EpilogueFields epilogue, bool has_table) const {
  check_epilogue(epilogue, has_table);
  if (configuration_.x_is_row && engine_ == Engine::fcn) epilogue.flags |= flag_bias_row;
  return epilogue;
}

Operation OperationMaker::product(const Sizes& given, const Matrices& matrices,
                                  const EpilogueFields& given_epilogue) const {
  require_size("m", given.m), require_size("k", given.k), require_size("n", given.n);
  const auto epilogue = checked(given_epilogue, matrices.table != nullptr);
  const auto& [a, b, c, x, table] = matrices;
  require_one_kind(matrices);
  const bool pads = a->pads_itself;
  const auto sizes = pads ? sizes_of_padded(given, matrices, epilogue) : given;
  if (!pads) check_padding(sizes);

  for (const auto leading : {sizes.lda, sizes.ldb, sizes.ldc, x ? sizes.ldx : 1})
    require(leading > 0 && leading <= UINT32_MAX, invalid, "a leading dimension is ", leading,
            ", expected at least a row's length");
  require(!a->is_packed() && !c->is_packed() && !(x && x->is_packed()), invalid,
          "A, C or X is packed, expected that of B alone");
  const Pages pages{a->page, b->page, c->page, page_of(x), page_of(table)};
  Operation operation{product_instruction(engine_, sizes, pages, epilogue),
                      {a->id, b->id, c->id, id_of(x), id_of(table)}};
  if (b->is_packed()) operation.instruction.flags |= flag_b_packed;
  const auto operands = operands_of(operation.instruction, engine_, configuration_);
  const DeviceMatrix* const in_order[] = {a, b, c, x ? x : table, table};
  for (size_t i = 0; i < operands.size(); ++i) {
    operands[i].require_row_fits();
    operands[i].require_inside(*in_order[i]);
  }
  require_apart(operands, engine_ == Engine::gemm);
  return operation;
}

std::vector<Operand> OperationMaker::operands(const Sizes& sizes, const Pages& pages,
                                              const EpilogueFields& epilogue) const {
  require_size("m", sizes.m), require_size("k", sizes.k), require_size("n", sizes.n);
  check_padding(sizes);
  const auto found = operands_of(product_instruction(engine_, sizes, pages, checked(epilogue)),
                                 engine_, configuration_);
  for (const auto& operand : found) operand.require_row_fits();
  return found;
}

Operation OperationMaker::product_by_page(const Sizes& sizes, const Pages& pages,
                                          const EpilogueFields& epilogue,
                                          const Arena& arena) const {
  const auto placed = operands(sizes, pages, epilogue);
  for (const auto& operand : placed) operand.require_placed(arena);
  require_apart(placed, engine_ == Engine::gemm);
  return {product_instruction(engine_, sizes, pages, checked(epilogue)), {}};
}

Operation OperationMaker::vector_product(int64_t m, int64_t n, int64_t lda,
                                         const Matrices& matrices) const {
  require_size("m", m), require_size("n", n);
  const auto& [a, x, y, none, no_table] = matrices;
  require_one_kind(matrices);
  if (a->pads_itself) {
    require_part("A", "lda", *a, m, n, lda);
    const auto inputs = length_of("x", *x, n), outputs = length_of("y", *y, m);
    require_whole_or_multiple("n", n, configuration_.k_padding(),
                              {{"A", a->columns}, {"x", inputs}});
    require_whole_or_multiple("m", m, configuration_.m_padding(), {{"A", a->rows}, {"y", outputs}});
    m = rounded_up(m, configuration_.m_padding()), n = rounded_up(n, configuration_.k_padding());
    lda = a->leading_dimension;
  }
  require_multiple("m", m, configuration_.m_padding());
  require_multiple("n", n, configuration_.k_padding());
  const auto element = configuration_.element_bytes();
  const std::vector<Operand> operands{{"A", m, n, lda, element, a->page},
                                      {"x", 1, n, n, element, x->page},
                                      {"y", 1, m, m, element, y->page}};
  const DeviceMatrix* const in_order[] = {a, x, y};
  for (size_t i = 0; i < operands.size(); ++i) {
    operands[i].require_row_fits();
    operands[i].require_inside(*in_order[i]);
  }
  require_apart(operands, false);
  const Pages pages{a->page, x->page, y->page, 0};
  return {vector_instruction(m, n, lda, pages), {a->id, x->id, y->id, id_of(none), id_of(no_table)}};
}

}  // namespace xfblas
