// Runs the kernels' own HLS source, compiled for this CPU into the image.
#ifndef XFBLAS_CSIM_CSIM_HPP
#define XFBLAS_CSIM_CSIM_HPP

#include "csim/kernel_library.hpp"
#include "target/memory_target.hpp"

namespace xfblas {

class CsimTarget : public MemoryTarget {
 public:
  CsimTarget(const Image& image, const std::vector<KernelInstance>& compute_units,
             const DeviceName& device);

  const char* name() const override { return "csim"; }
  void run(uint32_t compute_unit) override;

 private:
  KernelLibrary library_;
};

}  // namespace xfblas

#endif
