// The devices that this process has opened through XRT, by their index.
#ifndef XFBLAS_XRT_OPEN_DEVICES_HPP
#define XFBLAS_XRT_OPEN_DEVICES_HPP

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "image.hpp"
#include "xrt/handles.hpp"

namespace xfblas {

class XrtUnit;

struct OpenDevice {
  void* handle = nullptr;
  std::string path, uuid_text;  // of the image it was loaded with
  XrtUuid uuid{};
  bool is_emulated = false;
  bool is_sound = true;   // its image gave all that was asked for
  std::string abandoned;  // why it can be used no more
  size_t users = 0;
  std::set<XrtUnit*> units;
  std::multimap<std::string, XrtHandles> idle;  // by the name of their compute unit
};

// Access to them. Holds their lock while it lives, because XRT must never see one index twice.
class OpenDevices {
 public:
  OpenDevices();

  // Null where it is not open.
  OpenDevice* find(uint32_t index);
  OpenDevice& open(uint32_t index, const Image& image, bool is_emulated);
  void close(uint32_t index);

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
