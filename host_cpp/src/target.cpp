#include "target.hpp"

#include "csim/csim_target.hpp"
#include "error.hpp"
#include "native/native_target.hpp"
#include "xrt/xrt_target.hpp"

namespace xfblas {
namespace {

// The kernels of this project add wide biases; those of others are what their image says.
void require_kernel_addend(const std::string& target, const Configuration& configuration,
                           Engine engine, const KernelInstance& unit) {
  require(engine != Engine::fcn || unit.kernel != "fcnKernel" ||
              configuration.addend_bytes(engine) == 4,
          XFBLAS_STATUS_NOT_SUPPORTED, "the image has XdataType=",
          name_of(configuration.addend_type), ", but its fcnKernel on target ", target,
          " adds elements of 4 bytes: target native runs it, or build it with XdataType=int32_t");
}

}  // namespace

std::unique_ptr<Target> open_target(const std::string& target, const Image& image,
                                    const Configuration& configuration, Engine engine,
                                    const std::vector<KernelInstance>& compute_units,
                                    const DeviceName& device) {
  if (target.empty() || target == "native")
    return std::make_unique<NativeTarget>(image, configuration, engine, compute_units, device);
  require_kernel_addend(target, configuration, engine, compute_units.front());
  if (target == "csim")
    return std::make_unique<CsimTarget>(image, compute_units, device);
  if (target == "xrt") return std::make_unique<XrtTarget>(image, compute_units, device);
  fail(XFBLAS_STATUS_NOT_SUPPORTED, "target is '", target, "', expected native, csim or xrt");
}

}  // namespace xfblas
