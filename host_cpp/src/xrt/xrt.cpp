#include "xrt/xrt.hpp"

#include <algorithm>

#include "error.hpp"
#include "xfblas/instruction.hpp"
#include "xrt/cards.hpp"
#include "xrt/image_check.hpp"
#include "xrt/runtime.hpp"

namespace xfblas {
namespace {

// A bank is up to 64 GiB, of which XRT would mirror every byte in the host's memory.
uint64_t arena_bytes(const Image& image, const KernelInstance& unit, uint64_t limit) {
  const auto& bank = image.banks[unit.bank];
  const auto bytes = std::min(bank.bytes, limit) / page_bytes * page_bytes;
  require(bytes > first_matrix_page * page_bytes, XFBLAS_STATUS_IMAGE_INVALID, image.path,
          ": memory bank ", bank.tag, " has ", bank.bytes, " bytes");
  return bytes;
}

void require_device(const DeviceName& device, const XrtEnvironment& environment) {
  if (!environment.is_emulation()) {
    if (!device.bdf.empty()) require_card(device.bdf);
    return;
  }
  const auto count = environment.device_count;
  require(device.bdf.empty(), XFBLAS_STATUS_NOT_SUPPORTED, "bdf is '", device.bdf,
          "', but emulated cards have none: pass a device index, which is less than ", count);
  // Debian's XRT damages its memory where there is no such card.
  require(count == 0 || device.index < count, XFBLAS_STATUS_INVALID_VALUE, "device index is ",
          device.index, ", expected less than ", count,
          ", the number of emulated cards: `xfblas emu --devices N -- program` makes more");
}

}  // namespace

XrtTarget::XrtTarget(const Image& image, const std::vector<KernelInstance>& compute_units,
                     const DeviceName& device)
    : environment_((xrt(), read_environment())) {
  require_device(device, environment_);
  require_suitable(image, compute_units, environment_);
  device_ = std::make_unique<XrtDevice>(device, image, environment_.is_emulation());
  for (const auto& unit : compute_units)
    units_.push_back(std::make_unique<XrtUnit>(
        *device_, unit, arena_bytes(image, unit, environment_.arena_bytes), environment_));
}

uint32_t XrtTarget::pages(uint32_t compute_unit) const {
  return uint32_t(units_[compute_unit]->bytes() / page_bytes);
}

void XrtTarget::write(uint32_t compute_unit, uint64_t offset, const void* from, const Rows& rows) {
  units_[compute_unit]->write(offset, from, rows);
}

void XrtTarget::read(uint32_t compute_unit, uint64_t offset, void* to, const Rows& rows) {
  units_[compute_unit]->read(offset, to, rows);
}

void XrtTarget::run(uint32_t compute_unit) { units_[compute_unit]->run(); }

}  // namespace xfblas
