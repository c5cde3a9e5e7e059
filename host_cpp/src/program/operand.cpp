#include "program/operand.hpp"

#include <algorithm>

#include "error.hpp"
#include "saturated.hpp"
#include "xfblas/entry_table.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

}  // namespace

uint64_t Operand::bytes() const {
  const auto before = saturated_product(uint64_t(rows) - 1, uint64_t(leading_dimension));
  return saturated_product(saturated_sum(before, uint64_t(columns)), element_bytes);
}

void Operand::require_row_fits() const {
  require(leading_dimension >= columns && leading_dimension <= UINT32_MAX, invalid,
          "the leading dimension of ", name, " is ", leading_dimension,
          ", expected at least its row's length ", columns);
}

void Operand::require_inside(const DeviceMatrix& matrix) const {
  require(matrix.element_bytes == element_bytes, invalid, name, " holds elements of ",
          matrix.element_bytes, " bytes, this engine expects ", element_bytes);
  require(bytes() <= matrix.bytes, invalid, name, " was sent with ", matrix.bytes, " bytes, but ",
          rows, " x ", columns, " with leading dimension ", leading_dimension, " needs ", bytes());
}

void Operand::require_placed(const Arena& arena) const {
  require(page >= first_matrix_page && page < arena.pages(), invalid, "the offset of ", name,
          " is page ", page, ", expected ", first_matrix_page, " to ", arena.pages() - 1);
  require(end_page() <= arena.pages(), invalid, name, " at page ", page, " needs ", bytes(),
          " bytes and would end outside the memory of ", arena.pages(), " pages");
  require(arena.is_whole(page, uint32_t(end_page() - page)), invalid, name, " at page ", page,
          " needs ", end_page() - page,
          " pages and would run into a matrix that was sent: check how the offset was computed");
}

std::vector<Operand> operands_of(const Instruction& i, Engine engine,
                                 const Configuration& configuration) {
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
    operands.push_back({"X", addend_rows, i.n, i.ldx, configuration.addend_bytes(engine), i.x});
  if (activation(i.flags) == activation_table)
    operands.push_back({"T", 1, table_entries, table_entries, entry_bytes, i.prelu});
  return operands;
}

void require_apart(const std::vector<Operand>& operands, bool may_add_itself) {
  const auto& c = operands[2];
  for (const auto& operand : operands) {
    if (&operand == &c || !operand.overlaps(c)) continue;
    const bool is_addend = operand.name[0] == 'X' && may_add_itself && operand.page == c.page &&
                           operand.leading_dimension == c.leading_dimension;
    require(is_addend, invalid, "C at page ", c.page, " overlaps ", operand.name, " at page ",
            operand.page,
            ": give the result a matrix of its own (offsets computed by hand need sizes of whole "
            "pages)");
  }
}

bool are_placed(const std::vector<Operand>& operands, const Arena& arena) {
  try {
    for (const auto& operand : operands) operand.require_placed(arena);
    require_apart(operands, false);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace xfblas
