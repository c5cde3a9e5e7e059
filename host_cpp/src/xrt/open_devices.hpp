// The devices that this process has opened through XRT.
#ifndef XFBLAS_XRT_OPEN_DEVICES_HPP
#define XFBLAS_XRT_OPEN_DEVICES_HPP

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "image/image.hpp"
#include "target/target.hpp"
#include "xrt/unit_buffers.hpp"

namespace xfblas {

class XrtUnit;

struct OpenDevice {
  uint32_t number = 0;  // never used twice
  void* handle = nullptr;
  std::set<uint32_t> indices;   // by which it was opened
  std::string bdf;              // of a card; empty where it is not known
  std::string path, uuid_text;  // of the image it was loaded with
  XrtUuid uuid{};
  bool is_emulated = false;
  bool is_sound = true;   // its image gave all that was asked for
  std::string abandoned;  // why it can be used no more
  size_t users = 0;
  std::set<XrtUnit*> units;
  std::multimap<std::string, XrtHandles> idle;  // by the name of their compute unit
};

// How texts call a device.
std::string text_of(const DeviceName& name);

// Access to them. Holds their lock while it lives, because XRT must never open a device twice.
class OpenDevices {
 public:
  OpenDevices();

  // Null where it is not open, or is not known to be the one of this name.
  OpenDevice* find(const DeviceName& name);
  OpenDevice* find(uint32_t number);
  // The device may turn out to be one that is open, which is given then.
  OpenDevice& open(const DeviceName& name, const Image& image, bool is_emulated);
  void close(uint32_t number);

  // Closes them when the program exits, before XRT ends whatever it has set up until this call.
  static int close_at_exit();

  // Whether this process is a fork of the one that uses XRT: it has the same handles, but
  // closing them would close its parent's devices.
  static bool is_in_fork();

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace xfblas

#endif
