// The closed formula for the Python tests, as a library.
#include "xfblas/cycle_model.hpp"

extern "C" uint64_t model_cycles(const xfblas::Machine* machine,
                                 const xfblas::Instruction* instruction) {
  return xfblas::CycleModel(*machine).instruction(*instruction);
}
