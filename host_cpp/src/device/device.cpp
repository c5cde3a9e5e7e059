#include "device/device.hpp"

#include <algorithm>

#include "csim/csim.hpp"
#include "error.hpp"
#include "native/native.hpp"
#include "text_field.hpp"
#include "xfblas/instruction.hpp"
#include "xrt/xrt.hpp"

namespace xfblas {
namespace {

std::vector<KernelInstance> choose_compute_units(const Image& image,
                                                 const Configuration& configuration, Engine engine,
                                                 uint32_t wanted) {
  require(configuration.runs(engine), XFBLAS_STATUS_NOT_SUPPORTED, image.path,
          " was built without the ", name_of(engine), " engine: its configuration says ",
          engine == Engine::stream ? std::string("no numLayers")
                                   : std::string("run") + name_of(engine) + "=0");
  if (engine == Engine::fcn) configuration.require_addend();
  if (engine == Engine::stream) wanted = 1;
  auto found = image.instances_of(engine);
  require(!found.empty(), XFBLAS_STATUS_IMAGE_INVALID, image.path,
          " holds no compute unit for the ", name_of(engine), " engine");
  require(found.size() == configuration.kernel_count, XFBLAS_STATUS_IMAGE_INVALID, image.path,
          " holds ", found.size(), " compute units for the ", name_of(engine),
          " engine, but its configuration says numKernels=", configuration.kernel_count);
  require(wanted <= found.size(), XFBLAS_STATUS_INVALID_VALUE, "the number of compute units is ",
          wanted, ", but ", image.path, " has ", found.size());
  if (wanted > 0) found.resize(wanted);
  return found;
}

// The kernels of this project add wide biases; those of others are what their image says.
void require_kernel_addend(const std::string& target, const Configuration& configuration,
                           Engine engine, const KernelInstance& unit) {
  require(engine != Engine::fcn || unit.kernel != "fcnKernel" ||
              configuration.addend_bytes(engine) == 4,
          XFBLAS_STATUS_NOT_SUPPORTED,
          "the image has XdataType=", name_of(configuration.addend_type),
          ", but its fcnKernel on target ", target,
          " adds elements of 4 bytes: target native runs it, or build it with XdataType=int32_t");
}

// target: "native", "csim" or "xrt", or empty for the default.
std::unique_ptr<Target> open_target(const std::string& target, const Image& image,
                                    const Configuration& configuration, Engine engine,
                                    const std::vector<KernelInstance>& compute_units,
                                    const DeviceName& device) {
  if (target.empty() || target == "native")
    return std::make_unique<NativeTarget>(image, configuration,
                                          engine == Engine::stream ? Engine::fcn : engine,
                                          compute_units, device);
  require_kernel_addend(target, configuration, engine, compute_units.front());
  if (target == "csim") return std::make_unique<CsimTarget>(image, compute_units, device);
  if (target == "xrt") return std::make_unique<XrtTarget>(image, compute_units, device);
  fail(XFBLAS_STATUS_NOT_SUPPORTED, "target is '", target, "', expected native, csim or xrt");
}

}  // namespace

Device::Device(const std::string& image_path, const std::string& configuration_path,
               const std::string& engine, uint32_t compute_units, const std::string& target,
               const DeviceName& device)
    : image_(read_image(image_path)),
      configuration_(configuration_of(image_, configuration_path)),
      engine_(engine_from_name(engine)) {
  const auto chosen = choose_compute_units(image_, configuration_, engine_, compute_units);
  target_ = open_target(target, image_, configuration_, engine_, chosen, device);
  if (engine_ == Engine::stream) {
    const bool is_native = std::string(target_->name()) == "native";
    const auto make = is_native ? make_native_engine : make_kernel_engine;
    stream_ = std::make_unique<Stream>(make(*target_, configuration_), configuration_);
    return;
  }
  for (uint32_t i = 0; i < chosen.size(); ++i)
    compute_units_.push_back(std::make_unique<ComputeUnit>(*target_, i, engine_, configuration_));
}

Stream& Device::stream() {
  require(stream_ != nullptr, XFBLAS_STATUS_NOT_SUPPORTED, "the device was opened for the ",
          name_of(engine_), " engine, expected Stream");
  return *stream_;
}

ComputeUnit& Device::compute_unit(uint32_t index) {
  require(engine_ != Engine::stream, XFBLAS_STATUS_NOT_SUPPORTED,
          "the device was opened for the Stream engine, which takes no matrices: "
          "xfblasStreamLoad and xfblasStreamRun are its functions");
  require(index < compute_units_.size(), XFBLAS_STATUS_INVALID_VALUE, "kernelIndex is ", index,
          ", expected 0 to ", compute_units_.size() - 1, ": the device was opened with ",
          compute_units_.size(), " compute units");
  return *compute_units_[index];
}

void Device::start(uint32_t count) {
  if (engine_ == Engine::stream) compute_unit(0);
  require(count > 0 && count <= compute_units_.size(), XFBLAS_STATUS_INVALID_VALUE,
          "numKernels is ", count, ", expected 1 to ", compute_units_.size());
  const auto end = compute_units_.begin() + count;
  require(std::any_of(compute_units_.begin(), end,
                      [](const auto& unit) { return unit->has_program(); }),
          XFBLAS_STATUS_INVALID_VALUE, "no instruction is queued on compute units 0 to ", count - 1,
          ": queue an operation before executing");
  // All or none: a unit that cannot start must not leave others running.
  std::for_each(compute_units_.begin(), end, [](const auto& unit) { unit->require_startable(); });
  std::for_each(compute_units_.begin(), end, [](const auto& unit) { unit->start(); });
}

void Device::start_one(uint32_t index) {
  auto& unit = compute_unit(index);
  require(unit.has_program(), XFBLAS_STATUS_INVALID_VALUE,
          "no instruction is queued on compute unit ", index,
          ": queue an operation before executing");
  unit.start();
}

xfblasInfo_t Device::info() const {
  xfblasInfo_t info{};
  copy_text(info.target, target_->name());
  copy_text(info.engine, name_of(engine_));
  copy_text(info.dataType, name_of(configuration_.data_type));
  copy_text(info.platform, image_.platform);
  copy_text(info.uuid, image_.uuid);
  copy_text(info.bdf, target_->device().bdf);
  info.deviceIndex = target_->device().index;
  info.numKernels = uint32_t(compute_units_.size());
  info.elementBytes = configuration_.element_bytes();
  info.addendBytes = configuration_.addend_bytes(engine_);
  info.mPadding = configuration_.m_padding();
  info.kPadding = configuration_.k_padding();
  info.nPadding = configuration_.n_padding();
  info.chainPadding = configuration_.chain_padding();
  info.instructionsPerLaunch = configuration_.instructions_per_launch;
  info.memoryBytes = uint64_t(target_->pages(0)) * page_bytes;
  info.xIsRow = configuration_.x_is_row;
  return info;
}

}  // namespace xfblas
