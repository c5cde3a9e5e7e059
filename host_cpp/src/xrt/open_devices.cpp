#include "xrt/open_devices.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>

#include "error.hpp"
#include "xrt/runtime.hpp"
#include "xrt/xrt_unit.hpp"

namespace xfblas {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<uint32_t, OpenDevice> devices;
  pid_t process = getpid();
};

// Never destroyed: a program may end while a device is open.
Registry& registry() {
  static auto* registry = new Registry;
  return *registry;
}

std::string text_of(const XrtUuid& uuid) {
  std::string text;
  for (size_t i = 0; i < uuid.size(); ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", uuid[i]);
    text += digits;
    if (i == 3 || i == 5 || i == 7 || i == 9) text += '-';
  }
  return text;
}

void load(OpenDevice& device, const std::string& name, const Image& image) {
  xrt_call("load " + image.path + " on " + name, xrt().xrtDeviceLoadXclbinFile, device.handle,
           image.path.c_str());
  xrt_call("tell which image " + name + " holds", xrt().xrtDeviceGetXclbinUUID, device.handle,
           device.uuid.data());
  device.path = image.path;
  device.uuid_text = text_of(device.uuid);
  require(device.uuid_text == image.uuid, XFBLAS_STATUS_IMAGE_INVALID, image.path,
          " has the uuid ", image.uuid, ", but ", name, " says it holds ", device.uuid_text);
}

void close_device(const OpenDevice& device) {
  for (const auto& entry : device.idle) close_handles(entry.second);
  xrt().xrtDeviceClose(device.handle);
}

// Ends the units before their device. Where one still runs XRT could only wait or crash, and in
// a fork it would close its parent's devices: then the program ends without XRT's help.
void close_all(int exit_code, void*) {
  auto& [mutex, devices, process] = registry();
  const std::lock_guard<std::mutex> lock(mutex);
  bool can_close = process == getpid();
  for (auto entry = devices.begin(); can_close && entry != devices.end(); ++entry) {
    auto& device = entry->second;
    can_close = device.abandoned.empty();
    for (auto* unit : device.units) can_close = unit->end() && can_close;
    if (can_close) close_device(device);
  }
  if (can_close) return devices.clear();
  std::fflush(nullptr);
  _exit(exit_code);
}

}  // namespace

OpenDevices::OpenDevices() : lock_(registry().mutex) {}

int OpenDevices::close_at_exit() { return on_exit(close_all, nullptr); }

bool OpenDevices::is_in_fork() { return registry().process != getpid(); }

OpenDevice* OpenDevices::find(uint32_t index) {
  const auto found = registry().devices.find(index);
  return found == registry().devices.end() ? nullptr : &found->second;
}

OpenDevice& OpenDevices::open(uint32_t index, const Image& image, bool is_emulated) {
  const auto name = "device " + std::to_string(index);
  OpenDevice device;
  device.is_emulated = is_emulated;
  device.handle = xrt_call("open " + name, xrt().xrtDeviceOpen, index);
  try {
    load(device, name, image);
  } catch (...) {
    xrt().xrtDeviceClose(device.handle);
    throw;
  }
  [[maybe_unused]] static const int registered = close_at_exit();
  return registry().devices[index] = device;
}

void OpenDevices::close(uint32_t index) {
  close_device(registry().devices.at(index));
  registry().devices.erase(index);
}

}  // namespace xfblas
