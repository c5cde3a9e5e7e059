#include "launch.hpp"

#include <algorithm>
#include <cstring>

#include "error.hpp"

namespace xfblas {
namespace {

const char* meaning_of(uint32_t status) {
  switch (status) {
    case status_unknown_opcode: return "the engine does not know this opcode";
    case status_zero_size: return "m, k or n is 0";
    case status_leading_dimension: return "a leading dimension is shorter than a row";
    case status_out_of_memory: return "an operand lies outside the compute unit's memory";
    case status_bad_field: return "a flag or prelu field has a value the engine does not know";
    default: return "the kernel gave a status that this library does not know";
  }
}

Instruction control(uint32_t last, uint32_t memory_pages) {
  Control word{};
  word.opcode = opcode_control;
  word.last = last;
  word.memory_pages = memory_pages;
  Instruction instruction;
  std::memcpy(&instruction, &word, sizeof instruction);
  return instruction;
}

}  // namespace

void launch(Target& target, uint32_t compute_unit, uint32_t slots,
            const std::vector<Operation>& operations) {
  const size_t per_launch = slots - 1;  // the first slot tells the size of the memory
  const std::vector<char> cleared(page_bytes);
  for (size_t first = 0; first < operations.size(); first += per_launch) {
    const auto count = std::min(per_launch, operations.size() - first);
    std::vector<Instruction> page{control(0, target.pages(compute_unit))};
    for (size_t i = 0; i < count; ++i) page.push_back(operations[first + i].instruction);
    if (page.size() < slots) page.push_back(control(1, 0));
    target.write(compute_unit, instruction_page * page_bytes, page.data(),
                 page.size() * sizeof(Instruction));
    target.write(compute_unit, result_page * page_bytes, cleared.data(), cleared.size());

    target.run(compute_unit);

    std::vector<Result> results(count + 1);
    target.read(compute_unit, result_page * page_bytes, results.data(),
                results.size() * sizeof(Result));
    for (size_t i = 0; i < count; ++i) {
      const auto status = results[i + 1].status;
      require(status == status_ok, XFBLAS_STATUS_EXECUTION_FAILED, "instruction ", first + i,
              " of the program failed on compute unit ", compute_unit, " with status ", status,
              ": ", meaning_of(status));
    }
  }
}

}  // namespace xfblas
