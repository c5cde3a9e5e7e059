// The instructions queued on a compute unit, and which of them have run.
#ifndef XFBLAS_PROGRAM_QUEUE_HPP
#define XFBLAS_PROGRAM_QUEUE_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "error.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

struct Operation {
  Instruction instruction;
  // The matrices it was made with; 0 for an operand given by its page.
  std::array<uint64_t, 5> matrix_ids{};
};

class Queue {
 public:
  // A program longer than this is one that forgot to free its instructions.
  static constexpr size_t capacity = 1 << 16;

  void append(const Operation& operation) {
    require(operations_.size() < capacity, XFBLAS_STATUS_QUEUE_FULL, "the program already holds ",
            capacity, " instructions: execute it, then free its instructions");
    operations_.push_back(operation);
  }
  // A Map and what follows it: both or none.
  void append(const std::array<Operation, 2>& pair) {
    append(pair[0]);
    if (operations_.size() == capacity) operations_.pop_back();
    append(pair[1]);
  }
  // Of those that are queued still, for which `is_void` holds: their results are gone.
  template <typename Test>
  void drop_queued(const Test& is_void) {
    const auto first = operations_.begin() + long(executed_);
    operations_.erase(std::remove_if(first, operations_.end(), is_void), operations_.end());
  }
  void clear() {
    operations_.clear();
    executed_ = 0;
  }
  bool empty() const { return operations_.empty(); }
  bool has_queued() const { return executed_ < operations_.size(); }

  // What execute has to run: the operations queued since the last run, else all of them again.
  std::vector<Operation> pending() const {
    const auto first = operations_.begin() + long(has_queued() ? executed_ : 0);
    return std::vector<Operation>(first, operations_.end());
  }
  // Operations that have run; what failed counts as queued still, so that nobody reads its result.
  size_t executed() const { return executed_; }
  void mark_executed() { executed_ = operations_.size(); }
  void mark_queued_from(size_t executed) { executed_ = executed; }

 private:
  std::vector<Operation> operations_;
  size_t executed_ = 0;
};

}  // namespace xfblas

#endif
