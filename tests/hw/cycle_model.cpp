// The closed formula for the Python tests, as a library.
#include "xfblas/map_cycles.hpp"

// `map`: the Map before the instruction, or words of 0.
extern "C" uint64_t model_cycles(const xfblas::Machine* machine, const xfblas::Instruction* map,
                                 const xfblas::Instruction* instruction) {
  return xfblas::MapCycles(*machine, *map).instruction(*instruction);
}
