#include "target.hpp"

#include "csim/csim_target.hpp"
#include "error.hpp"
#include "native/native_target.hpp"
#include "xrt/xrt_target.hpp"

namespace xfblas {

std::unique_ptr<Target> open_target(const std::string& target, const Image& image,
                                    const Configuration& configuration, Engine engine,
                                    const std::vector<KernelInstance>& compute_units,
                                    const DeviceName& device) {
  if (target.empty() || target == "native")
    return std::make_unique<NativeTarget>(image, configuration, engine, compute_units, device);
  if (target == "csim")
    return std::make_unique<CsimTarget>(image, compute_units, device);
  if (target == "xrt") return std::make_unique<XrtTarget>(image, compute_units, device);
  fail(XFBLAS_STATUS_NOT_SUPPORTED, "target is '", target, "', expected native, csim or xrt");
}

}  // namespace xfblas
