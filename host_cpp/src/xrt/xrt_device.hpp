// A device that XRT has opened and loaded with an image. XRT ends the program when a device index
// is opened twice and closed, so all that use one index in this process share one handle. And it
// ends the program when that exits with an open device, so what is open then is closed in time.
#ifndef XFBLAS_XRT_DEVICE_HPP
#define XFBLAS_XRT_DEVICE_HPP

#include <array>
#include <cstdint>
#include <string>

#include "image.hpp"

namespace xfblas {

class XrtUnit;

// A compute unit opened by its name, and a command to run it.
struct XrtRun {
  void* kernel = nullptr;
  void* run = nullptr;
};
void close_run(const XrtRun& run);

class XrtDevice {
 public:
  using Uuid = std::array<unsigned char, 16>;

  // Opens the device and loads the image, unless this process has done so already. Fails where
  // the device is in use with another image. A card is closed when nobody uses it any more, for
  // others to use. An emulated one is kept for the next who opens it, because XRT keeps a thread
  // and files for each time that it opens one.
  XrtDevice(uint32_t index, const Image& image, bool is_emulated);
  ~XrtDevice();
  XrtDevice(const XrtDevice&) = delete;
  XrtDevice& operator=(const XrtDevice&) = delete;

  uint32_t index() const { return index_; }
  void* handle() const { return handle_; }
  const Uuid& uuid() const { return uuid_; }

  // name: "fcnKernel:{fcnKernel_2}". Runs that were kept are taken first, because XRT's emulation
  // keeps a file open for each one that it makes.
  XrtRun take_run(const std::string& name);
  void keep_run(const std::string& name, const XrtRun& run);

  void add(XrtUnit* unit);
  void remove(XrtUnit* unit);

  // A run on it never ended: XRT cannot close such a device, so it stays open for good.
  void abandon(const std::string& reason);

 private:
  uint32_t index_;
  void* handle_ = nullptr;
  Uuid uuid_{};
};

}  // namespace xfblas

#endif
