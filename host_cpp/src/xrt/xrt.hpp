// Runs programs through the Xilinx Runtime: on a card, or on an emulated one.
#ifndef XFBLAS_XRT_XRT_HPP
#define XFBLAS_XRT_XRT_HPP

#include <memory>
#include <vector>

#include "target/target.hpp"
#include "xrt/environment.hpp"
#include "xrt/xrt_device.hpp"
#include "xrt/xrt_unit.hpp"

namespace xfblas {

class XrtTarget : public Target {
 public:
  XrtTarget(const Image& image, const std::vector<KernelInstance>& compute_units,
            const DeviceName& device);

  const char* name() const override { return "xrt"; }
  DeviceName device() const override { return device_->name(); }
  uint32_t pages(uint32_t compute_unit) const override;
  void write(uint32_t compute_unit, uint64_t offset, const void* from, const Rows& rows) override;
  void read(uint32_t compute_unit, uint64_t offset, void* to, const Rows& rows) override;
  void run(uint32_t compute_unit) override;

 private:
  XrtEnvironment environment_;
  std::unique_ptr<XrtDevice> device_;
  std::vector<std::unique_ptr<XrtUnit>> units_;  // before device_ in destruction
};

}  // namespace xfblas

#endif
