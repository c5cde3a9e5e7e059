#include "csim/csim.hpp"

#include "error.hpp"

namespace xfblas {

CsimTarget::CsimTarget(const Image& image, const std::vector<KernelInstance>& compute_units,
                       const DeviceName& device)
    : MemoryTarget(image, compute_units, device),
      library_(image, compute_units.front().kernel) {}

void CsimTarget::run(uint32_t compute_unit) {
  char message[512] = "";
  const auto& block = memory(compute_unit);
  const int failed = library_.run()(block.data(), block.bytes(), message, sizeof message);
  require(failed == 0, XFBLAS_STATUS_EXECUTION_FAILED, "the kernel stopped on compute unit ",
          compute_unit, ": ", message);
}

}  // namespace xfblas
