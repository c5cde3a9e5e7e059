#include "xrt/xrt_device.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>

#include "error.hpp"
#include "xrt/runtime.hpp"
#include "xrt/xrt_unit.hpp"

namespace xfblas {
namespace {

struct OpenDevice {
  void* handle = nullptr;
  std::string path, uuid_text;
  XrtUuid uuid{};
  size_t users = 0;
  std::set<XrtUnit*> units;
  std::multimap<std::string, XrtHandles> idle;  // by the name of their compute unit
  bool is_emulated = false;
  bool is_sound = true;   // its image gave all that was asked for
  std::string abandoned;  // why it can be used no more
};

// By index. Held while a device is opened or closed, because XRT must never see one index
// twice.
struct OpenDevices {
  std::mutex mutex;
  std::map<uint32_t, OpenDevice> devices;
  pid_t process = getpid();  // a fork of it has the same handles, but must not use them
};

// Never destroyed: a program may end while a device is open.
OpenDevices& open_devices() {
  static auto* devices = new OpenDevices;
  return *devices;
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

OpenDevice open(uint32_t index, const Image& image) {
  const auto name = "device " + std::to_string(index);
  OpenDevice device;
  device.handle = xrt_call("open " + name, xrt().xrtDeviceOpen, index);
  try {
    xrt_call("load " + image.path + " on " + name, xrt().xrtDeviceLoadXclbinFile, device.handle,
             image.path.c_str());
    xrt_call("tell which image " + name + " holds", xrt().xrtDeviceGetXclbinUUID, device.handle,
             device.uuid.data());
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

void close_device(const OpenDevice& device) {
  for (const auto& entry : device.idle) close_handles(entry.second);
  xrt().xrtDeviceClose(device.handle);
}

// Ends the units before their device. Where one still runs XRT could only wait or crash, and in a
// fork it would close its parent's devices: then the program ends without XRT's help.
void close_all(int exit_code, void*) {
  auto& [mutex, devices, process] = open_devices();
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

// After XRT has loaded all of its libraries, so that it runs before their own ends.
void close_all_at_exit() {
  static const int registered = on_exit(close_all, nullptr);
  (void)registered;
}

}  // namespace

XrtDevice::XrtDevice(uint32_t index, const Image& image, bool is_emulated) : index_(index) {
  auto& [mutex, devices, process] = open_devices();
  require(process == getpid(), XFBLAS_STATUS_NOT_SUPPORTED, "XRT was first used by process ",
          process, ", of which this one is a fork: start programs that use it afresh (Python: "
          "multiprocessing's method spawn)");
  const std::lock_guard<std::mutex> lock(mutex);
  auto found = devices.find(index);
  if (found != devices.end() && found->second.users == 0 && found->second.abandoned.empty() &&
      found->second.uuid_text != image.uuid) {
    close_device(found->second);
    devices.erase(found);
    found = devices.end();
  }
  if (found == devices.end()) {
    found = devices.emplace(index, open(index, image)).first;
    found->second.is_emulated = is_emulated;
    close_all_at_exit();
  }
  auto& device = found->second;
  require(device.abandoned.empty(), XFBLAS_STATUS_EXECUTION_FAILED, "device ", index,
          " cannot be used in this process any more: ", device.abandoned);
  require(device.uuid_text == image.uuid, XFBLAS_STATUS_INVALID_VALUE, "device ", index,
          " is in use with ", device.path, " (uuid ", device.uuid_text, "), and ", image.path,
          " (uuid ", image.uuid,
          ") is another image: close the first before opening the second");
  ++device.users;
}

XrtDevice::~XrtDevice() {
  auto& [mutex, devices, process] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = devices.find(index_);
  if (found == devices.end()) return;  // the program ends
  auto& device = found->second;
  const bool is_kept = (device.is_emulated && device.is_sound) || !device.abandoned.empty();
  if (--device.users > 0 || is_kept) return;
  close_device(device);
  devices.erase(found);
}

XrtHandles XrtDevice::take_handles(const std::string& unit, uint64_t bytes) {
  auto& [mutex, devices, process] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  auto& device = devices[index_];
  const auto [first, last] = device.idle.equal_range(unit);
  const auto found =
      std::find_if(first, last, [&](const auto& entry) { return entry.second.bytes == bytes; });
  if (found == last) {
    device.is_sound = false;  // until this has gone well
    const auto made = open_handles(device.handle, device.uuid, unit, bytes, device.is_emulated);
    device.is_sound = true;
    return made;
  }
  const auto handles = found->second;
  device.idle.erase(found);
  return handles;
}

void XrtDevice::keep_handles(const std::string& unit, const XrtHandles& handles) {
  auto& [mutex, devices, process] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  devices[index_].idle.emplace(unit, handles);
}

void XrtDevice::add(XrtUnit* unit) {
  auto& [mutex, devices, process] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  devices[index_].units.insert(unit);
}

void XrtDevice::remove(XrtUnit* unit) {
  auto& [mutex, devices, process] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = devices.find(index_);
  if (found != devices.end()) found->second.units.erase(unit);
}

void XrtDevice::abandon(const std::string& reason) {
  auto& [mutex, devices, process] = open_devices();
  const std::lock_guard<std::mutex> lock(mutex);
  devices[index_].abandoned = reason;
}

}  // namespace xfblas
