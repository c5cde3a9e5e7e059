// An opened device: an image, one of its engines, and that engine's compute units.
#ifndef XFBLAS_DEVICE_HPP
#define XFBLAS_DEVICE_HPP

#include <memory>
#include <string>
#include <vector>

#include "device/compute_unit.hpp"
#include "image/image.hpp"
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
  xfblasInfo_t info() const;

 private:
  Image image_;
  Configuration configuration_;
  Engine engine_;
  std::unique_ptr<Target> target_;
  std::vector<std::unique_ptr<ComputeUnit>> compute_units_;  // before target_ in destruction
};

}  // namespace xfblas

#endif
