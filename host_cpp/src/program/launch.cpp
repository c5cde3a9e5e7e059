#include "program/launch.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "error.hpp"
#include "program/encoder.hpp"

namespace xfblas {
namespace {

const char* meaning_of(uint32_t status) {
  switch (status) {
    case status_unknown_opcode: return "the engine does not know this opcode";
    case status_zero_size: return "m, k or n is 0";
    case status_leading_dimension: return "a leading dimension is shorter than a row";
    case status_out_of_memory: return "an operand lies outside the compute unit's memory";
    case status_bad_field: return "a flag, a field or the Map before has a value that the engine does not know";
    default: return "the kernel gave a status that this library does not know";
  }
}

}  // namespace

void Launcher::run(const std::vector<Operation>& operations) {
  const size_t per_launch = slots_ - 1;  // the first slot tells the size of the memory
  for (size_t first = 0; first < operations.size(); first += last_count_) {
    auto count = std::min(per_launch, operations.size() - first);
    // A Map stays with what follows it.
    if (operations[first + count - 1].instruction.opcode == opcode_map) --count;
    require(count > 0, XFBLAS_STATUS_NOT_SUPPORTED, "the image takes ", per_launch,
            " instruction in a launch, expected 2 or more for a step over feature maps");
    std::vector<Instruction> page{control_instruction(false, target_.pages(compute_unit_))};
    for (size_t i = 0; i < count; ++i) page.push_back(operations[first + i].instruction);
    if (page.size() < slots_) page.push_back(control_instruction(true, 0));
    last_count_ = count;
    launch(std::move(page));
    require_success(first, count);
  }
}

void Launcher::launch(std::vector<Instruction> page) {
  const auto bytes = page.size() * sizeof(Instruction);
  const bool is_known =
      sent_.size() == page.size() && std::memcmp(sent_.data(), page.data(), bytes) == 0;
  sent_.clear();  // what fails from here on may leave anything in memory
  const bool is_clear = std::exchange(results_are_clear_, false);
  if (!is_known)
    target_.write(compute_unit_, instruction_page * page_bytes, page.data(), one_piece(bytes));
  if (!is_clear) {
    const std::vector<char> zeros(page_bytes);
    target_.write(compute_unit_, result_page * page_bytes, zeros.data(), one_piece(page_bytes));
  }
  target_.run(compute_unit_);
  sent_ = std::move(page);
}

void Launcher::require_success(size_t first, size_t count) {
  std::vector<Result> results(count + 1);
  target_.read(compute_unit_, result_page * page_bytes, results.data(),
               one_piece(results.size() * sizeof(Result)));
  for (size_t i = 0; i < count; ++i) {
    const auto status = results[i + 1].status;
    require(status == status_ok, XFBLAS_STATUS_EXECUTION_FAILED, "instruction ", first + i,
            " of the program failed on compute unit ", compute_unit_, " with status ", status, ": ",
            meaning_of(status));
  }
  results_are_clear_ = true;
}

}  // namespace xfblas
