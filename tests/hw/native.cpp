// The host library's native engine as the kernels' tests call a kernel: one launch over a memory.
#include <cstdint>
#include <exception>

#include "image/configuration.hpp"
#include "native/engine.hpp"

extern "C" int native_run(char* memory, uint64_t bytes, const char* configuration,
                          const char* engine) try {
  // The caller writes to the memory between launches, so nothing is kept from one to the next.
  xfblas::PanelCache cache(memory);
  xfblas::run_native(memory, uint32_t(bytes / 4096), xfblas::engine_from_name(engine),
                     xfblas::parse_configuration(configuration, "the test's configuration"), cache);
  return 0;
} catch (const std::exception&) {
  return 1;
}
