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

Status check_fields(const Instruction& instruction, const Configuration& configuration) {
  constexpr uint32_t known = flag_round | flag_saturate | flag_bias_row;
  if (instruction.flags & ~known) return status_bad_field;
  if (prelu_alpha(instruction.prelu) > 31) return status_bad_field;
  if (configuration.data_type == DataType::float32) {
    const auto scale = prelu_scale(instruction.prelu);
    if (instruction.opcode == opcode_fcn && scale != 0 && scale != 1) return status_bad_field;
    if (instruction.post != pack_post(1, 0)) return status_bad_field;
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
  return first_failure({
      check_fields(i, configuration),
      check_extent({i.a, i.m, i.k, i.lda, element}, memory_pages),
      check_extent({i.b, i.k, i.n, i.ldb, element}, memory_pages),
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
