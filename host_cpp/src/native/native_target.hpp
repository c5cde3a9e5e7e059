// The embedded default: every compute unit of an image is a block of memory and this CPU.
#ifndef XFBLAS_NATIVE_TARGET_HPP
#define XFBLAS_NATIVE_TARGET_HPP

#include <vector>

#include "native/memory.hpp"
#include "target.hpp"

namespace xfblas {

class NativeTarget : public Target {
 public:
  // As many devices as the largest server takes cards; each open one has memory of its own.
  static constexpr uint32_t device_count = 16;

  NativeTarget(const Image& image, const Configuration& configuration, Engine engine,
               const std::vector<KernelInstance>& compute_units, uint32_t device_index);

  const char* name() const override { return "native"; }
  uint32_t pages(uint32_t compute_unit) const override;
  char* address(uint32_t compute_unit) override;
  void write(uint32_t compute_unit, uint64_t offset, const void* from, uint64_t bytes) override;
  void read(uint32_t compute_unit, uint64_t offset, void* to, uint64_t bytes) override;
  void run(uint32_t compute_unit) override;

 private:
  Configuration configuration_;
  Engine engine_;
  std::vector<Memory> memories_;
};

}  // namespace xfblas

#endif
