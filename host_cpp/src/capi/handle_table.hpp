// The devices that are open, by their handles. A handle is a number that is never given twice, so
// that a copy of one that was destroyed, or any other value, is told from those that live.
#ifndef XFBLAS_HANDLE_TABLE_HPP
#define XFBLAS_HANDLE_TABLE_HPP

#include <memory>

#include "device/device.hpp"
#include "xfblas.h"

namespace xfblas {

// Fails where as many devices are open as the table has places.
xfblasHandle_t add_handle(std::unique_ptr<Device> device);

// Waits for the calls that are under way, then closes the device. Fails where the handle is none.
void remove_handle(xfblasHandle_t handle);

// A call of a device, which is not closed before that has ended. In the child of a fork a device
// that another thread was calling is gone: nobody ends that call.
class DeviceCall {
 public:
  // Fails where the handle is none.
  explicit DeviceCall(xfblasHandle_t handle);
  ~DeviceCall();
  DeviceCall(const DeviceCall&) = delete;
  Device& device() const;

 private:
  struct Place& place_;
};

}  // namespace xfblas

#endif
