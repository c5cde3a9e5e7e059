#include "native/native_target.hpp"

#include "native/engine.hpp"

namespace xfblas {

NativeTarget::NativeTarget(const Image& image, const Configuration& configuration, Engine engine,
                           const std::vector<KernelInstance>& compute_units,
                           const DeviceName& device)
    : MemoryTarget(image, compute_units, device),
      configuration_(configuration),
      engine_(engine) {}

void NativeTarget::run(uint32_t compute_unit) {
  run_native(memory(compute_unit).data(), pages(compute_unit), engine_, configuration_);
}

}  // namespace xfblas
