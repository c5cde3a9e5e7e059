// Runs lists of instructions on a compute unit, in as many launches as its page 0 needs.
#ifndef XFBLAS_LAUNCH_HPP
#define XFBLAS_LAUNCH_HPP

#include <vector>

#include "program/queue.hpp"
#include "target/target.hpp"

namespace xfblas {

// Remembers what pages 0 and 1 hold, so that a program which runs again is not sent again.
class Launcher {
 public:
  // slots: instructions that the image takes in a launch, control words included.
  Launcher(Target& target, uint32_t compute_unit, uint32_t slots)
      : target_(target), compute_unit_(compute_unit), slots_(slots) {}

  void run(const std::vector<Operation>& operations);
  // Instructions of the last launch, whose results page 1 holds.
  size_t last_count() const { return last_count_; }

 private:
  void launch(std::vector<Instruction> page);
  void require_success(size_t first, size_t count);

  Target& target_;
  uint32_t compute_unit_, slots_;
  std::vector<Instruction> sent_;  // empty where it is not known
  size_t last_count_ = 0;
  bool results_are_clear_ = false;  // no slot of page 1 tells a failure
};

}  // namespace xfblas

#endif
