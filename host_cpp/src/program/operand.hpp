// The part of memory that an instruction's operand covers.
#ifndef XFBLAS_OPERAND_HPP
#define XFBLAS_OPERAND_HPP

#include <cstdint>

#include "error.hpp"
#include "memory/memory.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

struct Operand {
  const char* name;  // as in the call: "A"
  int64_t rows, columns, leading_dimension;
  uint32_t element_bytes;
  uint32_t page;

  // Up to the end of the last row, which need not be a whole leading dimension long.
  uint64_t bytes() const {
    const auto elements = (static_cast<unsigned __int128>(rows) - 1) * uint64_t(leading_dimension) +
                          uint64_t(columns);
    const auto total = elements * element_bytes;
    return total > UINT64_MAX ? UINT64_MAX : uint64_t(total);
  }
  uint64_t end_page() const { return page + pages_for(bytes()); }

  void require_row_fits() const {
    require(leading_dimension >= columns && leading_dimension <= UINT32_MAX,
            XFBLAS_STATUS_INVALID_VALUE, "the leading dimension of ", name, " is ",
            leading_dimension, ", expected at least its row's length ", columns);
  }

  void require_inside(const Matrix& matrix) const {
    require(matrix.element_bytes == element_bytes, XFBLAS_STATUS_INVALID_VALUE, name,
            " holds elements of ", matrix.element_bytes, " bytes, this engine expects ",
            element_bytes);
    require(bytes() <= matrix.bytes, XFBLAS_STATUS_INVALID_VALUE, name, " was sent with ",
            matrix.bytes, " bytes, but ", rows, " x ", columns, " with leading dimension ",
            leading_dimension, " needs ", bytes());
  }

  // By page offset an operand may lie where nothing was allocated, as programs that chain layers
  // in unallocated memory do; it must not run from one allocation into another.
  void require_placed(const Arena& arena) const {
    require(page >= first_matrix_page && page < arena.pages(), XFBLAS_STATUS_INVALID_VALUE,
            "the offset of ", name, " is page ", page, ", expected ", first_matrix_page, " to ",
            arena.pages() - 1);
    require(end_page() <= arena.pages(), XFBLAS_STATUS_INVALID_VALUE, name, " at page ", page,
            " needs ", bytes(), " bytes and would end outside the memory of ", arena.pages(),
            " pages");
    require(arena.is_whole(page, uint32_t(end_page() - page)), XFBLAS_STATUS_INVALID_VALUE, name,
            " at page ", page, " needs ", end_page() - page,
            " pages and would run into a matrix that was sent: check how the offset was computed");
  }

  bool overlaps(const Operand& other) const {
    return page < other.end_page() && other.page < end_page();
  }
};

}  // namespace xfblas

#endif
