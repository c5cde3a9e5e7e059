#include "capi/handle.hpp"

#include <cstdio>
#include <cstring>

#include "error.hpp"

namespace xfblas {
namespace {

// No object lies at a lower address.
constexpr uintptr_t lowest_address = 65536;

bool is_small_number(const void* pointer) {
  return pointer != nullptr && reinterpret_cast<uintptr_t>(pointer) < lowest_address;
}

}  // namespace

Device& device_of(xfblasHandle_t handle) {
  require(handle != nullptr, XFBLAS_STATUS_NOT_INITIALIZED,
          "handle is NULL: create the device first, and do not use it after it was destroyed");
  uint64_t mark = 0;
  if (!is_small_number(handle)) std::memcpy(&mark, handle, sizeof mark);
  require(mark == xfblasDevice::device_mark, XFBLAS_STATUS_NOT_INITIALIZED,
          "handle is no device: pass what xfblasCreate gave, and do not use it after it was "
          "destroyed");
  return handle->device;
}

void require_place(const xfblasHandle_t* handle) {
  require(!is_small_number(handle), XFBLAS_STATUS_NOT_INITIALIZED,
          "handle is a number, expected the place of what xfblasCreate gave");
}

void require_texts(const char* config, const char* engine, const char* target) {
  if (!is_small_number(config) && !is_small_number(engine) && !is_small_number(target)) return;
  constexpr auto reason =
      "xfblasCreate was called with a number where a text is expected, as the public library "
      "declares it: load libxfblas_public.so, whose functions take no handle";
  // Callers of that function look at no status.
  std::fprintf(stderr, "xfblas: %s\n", reason);
  fail(XFBLAS_STATUS_INVALID_VALUE, reason);
}

}  // namespace xfblas
