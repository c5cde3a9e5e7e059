#include "native/check.hpp"

#include <initializer_list>

namespace xfblas {
namespace {

struct Extent {
  uint32_t page;
  uint64_t rows, columns, leading_dimension;
  uint64_t element_bytes;
};

Status check_extent(const Extent& extent, uint32_t memory_pages) {
  if (extent.leading_dimension < extent.columns) return status_leading_dimension;
  // Below 2^32 * 2^32 elements of 4 bytes: divide rather than multiply, so nothing overflows.
  const uint64_t available = uint64_t(memory_pages) * page_bytes;
  const uint64_t start = uint64_t(extent.page) * page_bytes;
  if (extent.page < first_matrix_page || start >= available) return status_out_of_memory;
  const uint64_t elements = (available - start) / extent.element_bytes;
  if (extent.columns > elements) return status_out_of_memory;
  if ((extent.rows - 1) > (elements - extent.columns) / extent.leading_dimension)
    return status_out_of_memory;
  return status_ok;
}

// A packed operand: `across` is rounded up to strips of the array, k is not.
Status check_packed(uint32_t page, uint64_t across, uint64_t strip, uint64_t k,
                    uint64_t element_bytes, uint32_t memory_pages) {
  const uint64_t padded = (across + strip - 1) / strip * strip;
  return check_extent({page, k, padded, padded, element_bytes}, memory_pages);
}

Status check_fields(const Instruction& instruction, Engine engine,
                    const Configuration& configuration) {
  constexpr uint32_t layouts = flag_a_packed | flag_b_packed;
  constexpr uint32_t known =
      flag_round | flag_saturate | flag_bias_row | flag_activation_mask | layouts;
  const bool is_float = configuration.data_type == DataType::float32;
  const auto function = activation(instruction.flags);
  if (instruction.flags & ~known || function > activation_sigmoid) return status_bad_field;
  // Without the array's sizes nobody knows where a packed element lies.
  if (instruction.flags & layouts && !configuration.machine) return status_bad_field;
  if (prelu_alpha(instruction.prelu) > 31) return status_bad_field;
  if (is_float) {
    const auto scale = prelu_scale(instruction.prelu);
    if (function != activation_prelu) return status_bad_field;
    if (engine == Engine::fcn && scale != 0 && scale != 1) return status_bad_field;
    if (instruction.post != pack_post(1, 0)) return status_bad_field;
  }
  if (function != activation_prelu) {
    const uint32_t most = 8 * configuration.element_bytes() - 1;
    const auto formats = instruction.formats;
    if (engine != Engine::fcn || formats >> 16) return status_bad_field;
    if ((formats & 0xffu) > most || (formats >> 8 & 0xffu) > most) return status_bad_field;
  }
  return status_ok;
}

Status first_failure(std::initializer_list<Status> statuses) {
  for (const auto status : statuses)
    if (status != status_ok) return status;
  return status_ok;
}

Status check_product(const Instruction& i, uint32_t memory_pages, Engine engine,
                     const Configuration& configuration) {
  if (i.m == 0 || i.k == 0 || i.n == 0) return status_zero_size;
  const uint64_t element = configuration.element_bytes();
  const uint64_t addend = configuration.addend_bytes(engine);
  const uint64_t addend_rows = i.flags & flag_bias_row ? 1 : i.m;
  const auto fields = check_fields(i, engine, configuration);
  if (fields != status_ok) return fields;
  const auto& machine = configuration.machine;
  return first_failure({
      i.flags & flag_a_packed
          ? check_packed(i.a, i.m, machine->array_rows, i.k, element, memory_pages)
          : check_extent({i.a, i.m, i.k, i.lda, element}, memory_pages),
      i.flags & flag_b_packed
          ? check_packed(i.b, i.n, machine->array_columns, i.k, element, memory_pages)
          : check_extent({i.b, i.k, i.n, i.ldb, element}, memory_pages),
      check_extent({i.c, i.m, i.n, i.ldc, element}, memory_pages),
      i.x == 0 ? status_ok : check_extent({i.x, addend_rows, i.n, i.ldx, addend}, memory_pages),
  });
}

Status check_gemv(const Instruction& i, uint32_t memory_pages,
                  const Configuration& configuration) {
  if (i.m == 0 || i.k == 0) return status_zero_size;
  const uint64_t element = configuration.element_bytes();
  return first_failure({
      check_extent({i.a, i.m, i.k, i.lda, element}, memory_pages),
      check_extent({i.b, 1, i.k, i.k, element}, memory_pages),
      check_extent({i.c, 1, i.m, i.m, element}, memory_pages),
  });
}

}  // namespace

Status check(const Instruction& instruction, uint32_t memory_pages, Engine engine,
             const Configuration& configuration) {
  if (engine == Engine::gemv)
    return instruction.opcode == opcode_gemv
               ? check_gemv(instruction, memory_pages, configuration)
               : status_unknown_opcode;
  if (instruction.opcode != (engine == Engine::fcn ? opcode_fcn : opcode_gemm))
    return status_unknown_opcode;
  return check_product(instruction, memory_pages, engine, configuration);
}

}  // namespace xfblas
