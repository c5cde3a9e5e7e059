// The use of a device that XRT has opened and loaded with an image. XRT ends the program when a
// device is opened twice and closed, so all that use one device share one handle, whichever of
// its names they have. And it ends the program when that exits with an open device, so what is
// open then is closed in time.
#ifndef XFBLAS_XRT_DEVICE_HPP
#define XFBLAS_XRT_DEVICE_HPP

#include <cstdint>
#include <string>

#include "image/image.hpp"
#include "target/target.hpp"
#include "xrt/unit_buffers.hpp"

namespace xfblas {

class XrtUnit;

class XrtDevice {
 public:
  // Opens the device and loads the image, unless this process has done so already. Fails where
  // the device is in use with another image. A card is closed when nobody uses it any more, for
  // others to use. An emulated one is kept for the next who opens it, because XRT keeps a
  // thread and files for each time that it opens one.
  XrtDevice(const DeviceName& name, const Image& image, bool is_emulated);
  ~XrtDevice();
  XrtDevice(const XrtDevice&) = delete;
  XrtDevice& operator=(const XrtDevice&) = delete;

  // As it was asked for; with the BDF where it is known.
  const DeviceName& name() const { return name_; }

  // Handles are kept until the device is closed and taken again, because XRT's emulation never
  // gives back all that it takes for them. unit: "fcnKernel:{fcnKernel_2}".
  XrtHandles take_handles(const std::string& unit, uint64_t bytes);
  void keep_handles(const std::string& unit, const XrtHandles& handles);

  void add(XrtUnit* unit);
  void remove(XrtUnit* unit);

  // A run on it never ended: XRT cannot close such a device, so it stays open for good.
  void abandon(const std::string& reason);

 private:
  DeviceName name_;
  uint32_t number_;  // of the open device
};

}  // namespace xfblas

#endif
