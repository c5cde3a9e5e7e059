#include "xrt/xrt_device.hpp"

#include <algorithm>

#include "error.hpp"
#include "xrt/open_devices.hpp"

namespace xfblas {

XrtDevice::XrtDevice(const DeviceName& name, const Image& image, bool is_emulated) : name_(name) {
  require(!OpenDevices::is_in_fork(), XFBLAS_STATUS_NOT_SUPPORTED,
          "XRT is in use by the process of which this one is a fork: start programs that use it "
          "afresh (Python: multiprocessing's method spawn)");
  OpenDevices devices;
  auto* device = devices.find(name);
  const bool is_kept = device != nullptr && device->users == 0 && device->abandoned.empty();
  if (is_kept && device->uuid_text != image.uuid) {
    devices.close(device->number);
    device = nullptr;
  }
  if (device == nullptr) device = &devices.open(name, image, is_emulated);
  require(device->abandoned.empty(), XFBLAS_STATUS_EXECUTION_FAILED, text_of(name),
          " cannot be used in this process any more: ", device->abandoned);
  require(device->uuid_text == image.uuid, XFBLAS_STATUS_INVALID_VALUE, text_of(name),
          " is in use with ", device->path, " (uuid ", device->uuid_text, "), and ", image.path,
          " (uuid ", image.uuid, ") is another image: close the first before opening the second");
  ++device->users;
  number_ = device->number;
  name_.bdf = device->bdf;
}

XrtDevice::~XrtDevice() {
  if (OpenDevices::is_in_fork()) return;
  OpenDevices devices;
  auto* device = devices.find(number_);
  if (device == nullptr) return;  // the program ends
  const bool is_kept = device->is_emulated && device->is_sound;
  if (--device->users == 0 && !is_kept && device->abandoned.empty()) devices.close(number_);
}

XrtHandles XrtDevice::take_handles(const std::string& unit, uint64_t bytes) {
  OpenDevices devices;
  auto& device = *devices.find(number_);
  const auto [first, last] = device.idle.equal_range(unit);
  const auto found =
      std::find_if(first, last, [&](const auto& entry) { return entry.second.bytes == bytes; });
  if (found != last) {
    const auto handles = found->second;
    device.idle.erase(found);
    return handles;
  }
  device.is_sound = false;  // until this has gone well
  const auto handles = open_handles(device.handle, device.uuid, unit, bytes, device.is_emulated);
  device.is_sound = true;
  // Opening a kernel made XRT register ends of its own, which ours must come before.
  OpenDevices::close_at_exit();
  return handles;
}

void XrtDevice::keep_handles(const std::string& unit, const XrtHandles& handles) {
  OpenDevices devices;
  if (auto* device = devices.find(number_)) device->idle.emplace(unit, handles);
}

void XrtDevice::add(XrtUnit* unit) {
  OpenDevices devices;
  devices.find(number_)->units.insert(unit);
}

void XrtDevice::remove(XrtUnit* unit) {
  OpenDevices devices;
  if (auto* device = devices.find(number_)) device->units.erase(unit);
}

void XrtDevice::abandon(const std::string& reason) {
  OpenDevices devices;
  devices.find(number_)->abandoned = reason;
}

}  // namespace xfblas
