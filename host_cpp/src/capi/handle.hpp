// What a handle of the C interface points at, and how it is told from anything else.
#ifndef XFBLAS_HANDLE_HPP
#define XFBLAS_HANDLE_HPP

#include <cstdint>

#include "device/device.hpp"
#include "xfblas.h"

struct xfblasDevice {
  // Other memory does not begin with it, such as an array that comes in the place of a handle from a
  // program for functions without one.
  static constexpr uint64_t device_mark = 0x7866626c61736476;

  volatile uint64_t mark = device_mark;
  xfblas::Device device;

  template <typename... Arguments>
  explicit xfblasDevice(const Arguments&... arguments) : device(arguments...) {}
  ~xfblasDevice() { mark = 0; }
};

namespace xfblas {

// Fails where the handle is none.
Device& device_of(xfblasHandle_t handle);

// Fails where what a handle lies in is a number, as in the public library's xfblasDestroy.
void require_place(const xfblasHandle_t* handle);

// Fails where a text of xfblasCreate is a number, as in the public library's function of this name.
void require_texts(const char* config, const char* engine, const char* target);

}  // namespace xfblas

#endif
