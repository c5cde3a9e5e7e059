#include "program/queue.hpp"

#include "error.hpp"

namespace xfblas {

void Queue::append(const Operation& operation) {
  require(operations_.size() < capacity, XFBLAS_STATUS_QUEUE_FULL, "the program already holds ",
          capacity, " instructions: execute it, then free its instructions");
  operations_.push_back(operation);
}

void Queue::clear() {
  operations_.clear();
  executed_ = 0;
}

std::vector<Operation> Queue::pending() const {
  const auto first = operations_.begin() + long(has_queued() ? executed_ : 0);
  return std::vector<Operation>(first, operations_.end());
}

}  // namespace xfblas
