// The parts of memory that an instruction's operands cover.
#ifndef XFBLAS_OPERAND_HPP
#define XFBLAS_OPERAND_HPP

#include <cstdint>
#include <vector>

#include "image/image.hpp"
#include "memory/memory.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

struct Operand {
  const char* name;  // as in the call: "A"
  int64_t rows, columns, leading_dimension;
  uint32_t element_bytes;
  uint32_t page;

  // Up to the end of the last row, which need not be a whole leading dimension long.
  uint64_t bytes() const;
  uint64_t end_page() const { return page + pages_for(bytes()); }
  bool overlaps(const Operand& other) const {
    return page < other.end_page() && other.page < end_page();
  }

  void require_row_fits() const;
  void require_inside(const DeviceMatrix& matrix) const;
  // By page offset an operand may lie where nothing was allocated, as programs that chain layers
  // in unallocated memory do; it must not run from one allocation into another.
  void require_placed(const Arena& arena) const;
};

// A, B, C and, where the instruction has one, X.
std::vector<Operand> operands_of(const Instruction& instruction, Engine engine,
                                 const Configuration& configuration);

// Fails where C shares memory with another operand: the hardware streams A and B while it writes C,
// so C may only ever be its own addend.
void require_apart(const std::vector<Operand>& operands, bool may_add_itself);

// Whether operands given by page lie as require_placed has it, and C apart from the others.
bool are_placed(const std::vector<Operand>& operands, const Arena& arena);

}  // namespace xfblas

#endif
