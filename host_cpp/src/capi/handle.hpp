// What each C function does: it calls one member function, and turns an exception into a status.
#ifndef XFBLAS_HANDLE_HPP
#define XFBLAS_HANDLE_HPP

#include "capi/handle_table.hpp"
#include "device/device.hpp"
#include "xfblas.h"

namespace xfblas {

// Fails where what a handle lies in is a number, as in the public library's xfblasDestroy.
void require_no_number(const xfblasHandle_t* handle);

// Fails where there is no place for what a function gives.
void require_place(const char* name, const void* place);

// Fails where a text of xfblasCreate is a number, as in the public library's function of this name.
void require_texts(const char* config, const char* engine, const char* target);

// The upper half of flags holds the formats of a tabled activation.
inline EpilogueFields epilogue_of(int scale, int shift, int prelu_scale, int prelu_alpha,
                                  unsigned int flags) {
  return {scale, shift, prelu_scale, prelu_alpha, flags & 0xffffu, flags >> 16};
}

// The status of the exception that is being handled; its text becomes this thread's last error.
xfblasStatus_t status_of_exception() noexcept;
const char* last_error();

// No exception leaves.
template <typename Body>
xfblasStatus_t guarded(const Body& body) noexcept {
  try {
    body();
    return XFBLAS_STATUS_SUCCESS;
  } catch (...) {
    return status_of_exception();
  }
}

template <typename Body>
xfblasStatus_t on_unit(xfblasHandle_t handle, unsigned int index, const Body& body) noexcept {
  return guarded([&] {
    const DeviceCall call(handle);
    body(call.device().compute_unit(index));
  });
}

}  // namespace xfblas

#endif
