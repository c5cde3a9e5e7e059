// A device that XRT has opened and loaded with an image. XRT ends the program when a device index
// is opened twice and closed, so all that use one index in this process share one handle.
#ifndef XFBLAS_XRT_DEVICE_HPP
#define XFBLAS_XRT_DEVICE_HPP

#include <array>
#include <cstdint>
#include <string>

#include "image.hpp"

namespace xfblas {

class XrtDevice {
 public:
  using Uuid = std::array<unsigned char, 16>;

  // Opens the device and loads the image, unless this process has done so already. Fails where
  // the device is in use with another image.
  XrtDevice(uint32_t index, const Image& image);
  // Closes the device when nobody uses it any more.
  ~XrtDevice();
  XrtDevice(const XrtDevice&) = delete;
  XrtDevice& operator=(const XrtDevice&) = delete;

  uint32_t index() const { return index_; }
  void* handle() const { return handle_; }
  const Uuid& uuid() const { return uuid_; }

  // A run on it never ended: XRT cannot close such a device, so it stays open for good.
  void abandon(const std::string& reason);

 private:
  uint32_t index_;
  void* handle_ = nullptr;
  Uuid uuid_{};
};

}  // namespace xfblas

#endif
