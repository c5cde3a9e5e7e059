// Runs the kernels' own HLS source, compiled for this CPU into the image.
#ifndef XFBLAS_CSIM_CSIM_HPP
#define XFBLAS_CSIM_CSIM_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "target/memory_target.hpp"

namespace xfblas {

// The C entry of hw/emu/kernel_library.h: one launch over a memory, 0 or 1 with a message.
using RunKernel = int (*)(void* memory, uint64_t bytes, char* message, size_t message_size);

class CsimTarget : public MemoryTarget {
 public:
  CsimTarget(const Image& image, const std::vector<KernelInstance>& compute_units,
             const DeviceName& device);

  const char* name() const override { return "csim"; }
  void run(uint32_t compute_unit) override;

 private:
  RunKernel run_kernel_;
};

}  // namespace xfblas

#endif
