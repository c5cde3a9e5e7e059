#include "native/native_target.hpp"

#include <cstring>

#include "error.hpp"
#include "native/engine.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

NativeTarget::NativeTarget(const Image& image, const Configuration& configuration, Engine engine,
                           const std::vector<KernelInstance>& compute_units,
                           uint32_t device_index)
    : configuration_(configuration), engine_(engine) {
  require(device_index < device_count, XFBLAS_STATUS_INVALID_VALUE, "device index is ",
          device_index, ", expected 0 to ", device_count - 1, " on the native target");
  for (const auto& unit : compute_units) {
    // Page offsets are 32-bit words, and a bank of one page could not hold a matrix.
    const auto bytes = image.banks[unit.bank].bytes;
    require(bytes >= 3 * page_bytes && bytes / page_bytes < UINT32_MAX,
            XFBLAS_STATUS_IMAGE_INVALID, image.path, ": memory bank ",
            image.banks[unit.bank].tag, " has ", bytes, " bytes");
    memories_.emplace_back(bytes / page_bytes * page_bytes);
  }
}

uint32_t NativeTarget::pages(uint32_t compute_unit) const {
  return uint32_t(memories_[compute_unit].bytes() / page_bytes);
}

char* NativeTarget::address(uint32_t compute_unit) { return memories_[compute_unit].data(); }

void NativeTarget::write(uint32_t compute_unit, uint64_t offset, const void* from,
                         uint64_t bytes) {
  std::memcpy(memories_[compute_unit].data() + offset, from, bytes);
}

void NativeTarget::read(uint32_t compute_unit, uint64_t offset, void* to, uint64_t bytes) {
  std::memcpy(to, memories_[compute_unit].data() + offset, bytes);
}

void NativeTarget::run(uint32_t compute_unit) {
  run_native(memories_[compute_unit].data(), pages(compute_unit), engine_, configuration_);
}

}  // namespace xfblas
