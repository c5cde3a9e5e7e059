#include "xrt/open_devices.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "error.hpp"
#include "xrt/cards.hpp"
#include "xrt/runtime.hpp"
#include "xrt/xrt_unit.hpp"

namespace xfblas {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<uint32_t, OpenDevice> devices;  // by their number
  uint32_t next_number = 0;
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

void* open_handle(const DeviceName& name) {
  const auto what = "open " + text_of(name);
  if (name.bdf.empty()) return xrt_call(what, xrt().xrtDeviceOpen, name.index);
  return xrt_call(what, xrt().xrtDeviceOpenByBDF, name.bdf.c_str());
}

void load(OpenDevice& device, const std::string& name, const Image& image) {
  xrt_call("load " + image.path + " on " + name, xrt().xrtDeviceLoadXclbinFile, device.handle,
           image.path.c_str());
  xrt_call("tell which image " + name + " holds", xrt().xrtDeviceGetXclbinUUID, device.handle,
           device.uuid.data());
  device.path = image.path;
  device.uuid_text = text_of(device.uuid);
  require(device.uuid_text == image.uuid, XFBLAS_STATUS_IMAGE_INVALID, image.path, " has the uuid ",
          image.uuid, ", but ", name, " says it holds ", device.uuid_text);
}

void close_device(const OpenDevice& device) {
  for (const auto& entry : device.idle) close_handles(entry.second);
  xrt().xrtDeviceClose(device.handle);
}

// Ends the units before their device; false where one still runs.
bool could_close_all() {
  auto& [mutex, devices, next_number, process] = registry();
  if (process != getpid()) return false;  // in a fork nobody may hold the lock, and unlock it
  const std::lock_guard<std::mutex> lock(mutex);
  bool can_close = true;
  for (auto entry = devices.begin(); can_close && entry != devices.end(); ++entry) {
    auto& device = entry->second;
    can_close = device.abandoned.empty();
    for (auto* unit : device.units) can_close = unit->end() && can_close;
    if (can_close) close_device(device);
  }
  if (can_close) devices.clear();
  return can_close;
}

// With a unit that runs XRT could only wait or crash, and in a fork it would close its parent's
// devices: then the program ends without XRT's help.
void close_all(int exit_code, void*) {
  if (could_close_all()) return;
  std::fflush(nullptr);
  _exit(exit_code);
}

}  // namespace

std::string text_of(const DeviceName& name) {
  return name.bdf.empty() ? "device " + std::to_string(name.index) : "card " + name.bdf;
}

OpenDevices::OpenDevices() : lock_(registry().mutex) {}

int OpenDevices::close_at_exit() { return on_exit(close_all, nullptr); }

bool OpenDevices::is_in_fork() { return registry().process != getpid(); }

OpenDevice* OpenDevices::find(const DeviceName& name) {
  for (auto& [number, device] : registry().devices)
    if (name.bdf.empty() ? device.indices.count(name.index) > 0 : device.bdf == name.bdf)
      return &device;
  return nullptr;
}

OpenDevice* OpenDevices::find(uint32_t number) {
  const auto found = registry().devices.find(number);
  return found == registry().devices.end() ? nullptr : &found->second;
}

OpenDevice& OpenDevices::open(const DeviceName& name, const Image& image, bool is_emulated) {
  const OpenCardFiles before;
  OpenDevice device;
  device.is_emulated = is_emulated;
  device.handle = open_handle(name);
  try {
    device.bdf = name.bdf.empty() ? OpenCardFiles().card_opened_since(before) : name.bdf;
    if (name.bdf.empty()) device.indices.insert(name.index);
    auto* same = device.bdf.empty() ? nullptr : find(DeviceName{0, device.bdf});
    if (same != nullptr) {  // opened by its BDF before, and now by its index
      xrt().xrtDeviceClose(device.handle);
      same->indices.insert(name.index);
      return *same;
    }
    load(device, text_of(name), image);
  } catch (...) {
    xrt().xrtDeviceClose(device.handle);
    throw;
  }
  [[maybe_unused]] static const int registered = close_at_exit();
  device.number = registry().next_number++;
  return registry().devices[device.number] = device;
}

void OpenDevices::close(uint32_t number) {
  close_device(registry().devices.at(number));
  registry().devices.erase(number);
}

}  // namespace xfblas
