#include "xrt/xrt_device.hpp"

#include <cstdio>
#include <map>
#include <mutex>

#include "error.hpp"
#include "xrt/runtime.hpp"

namespace xfblas {
namespace {

struct OpenDevice {
  void* handle = nullptr;
  std::string path, uuid_text;
  XrtDevice::Uuid uuid{};
  size_t users = 0;
  std::string abandoned;  // why it can be used no more
};

// By index. Held while a device is opened or closed, because XRT must never see one index twice.
struct OpenDevices {
  std::mutex mutex;
  std::map<uint32_t, OpenDevice> devices;
};

// Never destroyed: a program may end while a device is open.
OpenDevices& open_devices() {
  static auto* devices = new OpenDevices;
  return *devices;
}

std::string text_of(const XrtDevice::Uuid& uuid) {
  std::string text;
  for (size_t i = 0; i < uuid.size(); ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", uuid[i]);
    text += digits;
    if (i == 3 || i == 5 || i == 7 || i == 9) text += '-';
  }
  return text;
}

OpenDevice open(uint32_t index, const Image& image) {
  const auto opening = "open device " + std::to_string(index);
  OpenDevice device;
  device.handle = xrt_check(xrt().xrtDeviceOpen(index), opening.c_str());
  try {
    const auto loading = "load " + image.path + " on device " + std::to_string(index);
    xrt_check(xrt().xrtDeviceLoadXclbinFile(device.handle, image.path.c_str()), loading.c_str());
    xrt_check(xrt().xrtDeviceGetXclbinUUID(device.handle, device.uuid.data()),
              "tell which image is loaded");
    device.uuid_text = text_of(device.uuid);
    require(device.uuid_text == image.uuid, XFBLAS_STATUS_IMAGE_INVALID, image.path,
            " has the uuid ", image.uuid, ", but device ", index, " says it holds ",
            device.uuid_text);
  } catch (...) {
    xrt().xrtDeviceClose(device.handle);
    throw;
  }
  device.path = image.path;
  return device;
}

}  // namespace

XrtDevice::XrtDevice(uint32_t index, const Image& image) : index_(index) {
  auto& [mutex, devices] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  auto found = devices.find(index);
  if (found == devices.end()) found = devices.emplace(index, open(index, image)).first;
  auto& device = found->second;
  require(device.abandoned.empty(), XFBLAS_STATUS_EXECUTION_FAILED, "device ", index,
          " cannot be used in this process any more: ", device.abandoned);
  require(device.uuid_text == image.uuid, XFBLAS_STATUS_INVALID_VALUE, "device ", index,
          " is in use with ", device.path, " (uuid ", device.uuid_text, "), and ", image.path,
          " (uuid ", image.uuid, ") is another image: close the first before opening the second");
  handle_ = device.handle;
  uuid_ = device.uuid;
  ++device.users;
}

XrtDevice::~XrtDevice() {
  auto& [mutex, devices] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = devices.find(index_);
  if (--found->second.users > 0 || !found->second.abandoned.empty()) return;
  xrt().xrtDeviceClose(handle_);
  devices.erase(found);
}

void XrtDevice::abandon(const std::string& reason) {
  auto& [mutex, devices] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  devices[index_].abandoned = reason;
}

}  // namespace xfblas
