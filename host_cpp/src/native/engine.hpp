// Runs the program in a compute unit's page 0 on this CPU, exactly as the kernel would.
#ifndef XFBLAS_NATIVE_ENGINE_HPP
#define XFBLAS_NATIVE_ENGINE_HPP

#include <memory>

#include "image/image.hpp"
#include "native/multiply.hpp"
#include "native/panel_cache.hpp"
#include "target/target.hpp"

namespace xfblas {

// memory: the compute unit's memory, page 0 first. Writes page 1. cache: of this memory's operands.
void run_native(char* memory, uint32_t memory_pages, Engine engine,
                const Configuration& configuration, PanelCache& cache);

// One product of host arrays, read and written where they lie.
void run_host_product(char* memory, const Configuration& configuration, const HostProduct& product,
                      PanelCache& cache);

// The product of an instruction of the Gemm or Fcn engine on integers, without its B.
IntegerProduct integer_product(char* memory, const Instruction& instruction,
                               const Configuration& configuration);
// Of any instruction whose B is (k, n), packed for the kernel's array or not; `rows` and `run` as
// PanelCache::find_kept has them.
std::shared_ptr<const Panels> panels_of_b(char* memory, const Instruction& instruction,
                                          const Configuration& configuration, PanelCache& cache,
                                          bool wide, int64_t rows, int64_t run);
SourceOfB source_of_b(char* memory, const Instruction& instruction,
                      const Configuration& configuration);

}  // namespace xfblas

#endif
