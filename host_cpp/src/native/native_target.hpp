// The embedded default: this CPU computes what the card would.
#ifndef XFBLAS_NATIVE_TARGET_HPP
#define XFBLAS_NATIVE_TARGET_HPP

#include "memory/memory_target.hpp"

namespace xfblas {

class NativeTarget : public MemoryTarget {
 public:
  NativeTarget(const Image& image, const Configuration& configuration, Engine engine,
               const std::vector<KernelInstance>& compute_units, const DeviceName& device);

  const char* name() const override { return "native"; }
  // This engine takes rows, and would have to unpack them again.
  bool prefers_packed() const override { return false; }
  void run(uint32_t compute_unit) override;

 private:
  Configuration configuration_;
  Engine engine_;
};

}  // namespace xfblas

#endif
