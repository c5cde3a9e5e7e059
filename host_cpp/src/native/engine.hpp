// Runs the program in a compute unit's page 0 on this CPU, exactly as the kernel would.
#ifndef XFBLAS_NATIVE_ENGINE_HPP
#define XFBLAS_NATIVE_ENGINE_HPP

#include "configuration.hpp"

namespace xfblas {

// memory: the compute unit's memory, page 0 first. Writes page 1.
void run_native(char* memory, uint32_t memory_pages, Engine engine,
                const Configuration& configuration);

}  // namespace xfblas

#endif
