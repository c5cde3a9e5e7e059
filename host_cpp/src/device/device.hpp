// An opened device: an image, one of its engines, and that engine's compute units.
#ifndef XFBLAS_DEVICE_HPP
#define XFBLAS_DEVICE_HPP

#include <memory>
#include <string>
#include <vector>

#include "device/compute_unit.hpp"
#include "image/image.hpp"
#include "stream/stream.hpp"
#include "target/target.hpp"
#include "xfblas.h"

namespace xfblas {

class Device {
 public:
  // configuration_path may be empty; compute_units 0 opens all that the image has.
  Device(const std::string& image_path, const std::string& configuration_path,
         const std::string& engine, uint32_t compute_units, const std::string& target,
         const DeviceName& device);

  ComputeUnit& compute_unit(uint32_t index);
  // Starts the first units together.
  void start(uint32_t compute_units);
  void start_one(uint32_t index);
  // The streaming network that the image holds; fails where the device has another engine.
  Stream& stream();
  xfblasInfo_t info() const;

 private:
  Image image_;
  Configuration configuration_;
  Engine engine_;
  std::unique_ptr<Target> target_;
  // Before target_ in destruction; a streaming network has no compute unit that takes matrices.
  std::vector<std::unique_ptr<ComputeUnit>> compute_units_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace xfblas

#endif
