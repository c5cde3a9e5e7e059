// The Xilinx Runtime (XRT) by its C interface, found when it is needed: one build of this
// library serves machines with any XRT from 2022.1 on, and machines without.
#ifndef XFBLAS_XRT_RUNTIME_HPP
#define XFBLAS_XRT_RUNTIME_HPP

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

namespace xfblas {

// As in xrt/xrt_device.h, xrt_kernel.h and xrt_bo.h, where all handles are void*.
struct XrtFunctions {
  void* (*xrtDeviceOpen)(unsigned index);
  void* (*xrtDeviceOpenByBDF)(const char* bdf);
  int (*xrtDeviceClose)(void* device);
  int (*xrtDeviceLoadXclbinFile)(void* device, const char* path);
  int (*xrtDeviceGetXclbinUUID)(void* device, unsigned char* uuid);
  void* (*xrtPLKernelOpen)(void* device, const unsigned char* uuid, const char* name);
  int (*xrtKernelClose)(void* kernel);
  int (*xrtKernelArgGroupId)(void* kernel, int argument);
  void* (*xrtBOAlloc)(void* device, size_t bytes, uint64_t flags, uint32_t group);
  int (*xrtBOFree)(void* buffer);
  void* (*xrtBOMap)(void* buffer);
  uint64_t (*xrtBOAddress)(void* buffer);
  int (*xrtBOSync)(void* buffer, int direction, size_t bytes, size_t offset);
  void* (*xrtRunOpen)(void* kernel);
  int (*xrtRunClose)(void* run);
  int (*xrtRunSetArg)(void* run, int argument, ...);
  int (*xrtRunStart)(void* run);
  int (*xrtRunState)(void* run);
  int (*xrtRunWait)(void* run);
  int (*xrtRunWaitFor)(void* run, unsigned milliseconds);
};

// Values of enum xclBOSyncDirection and of flags for an ordinary buffer.
constexpr int xrt_to_device = 0, xrt_from_device = 1;
constexpr uint64_t xrt_ordinary_buffer = 0;

// Loaded by the first call. Fails where XRT is not installed, and says how to install it.
const XrtFunctions& xrt();

// The result of a call of XRT, which tells the reason for a failure in errno and in its own
// log.
void* xrt_check(void* handle, const std::string& what);
int xrt_check(int code, const std::string& what);
[[noreturn]] void xrt_failed(const std::string& what, const std::exception& error);

// Calls XRT, and fails where it does. what: the rest of the sentence "XRT cannot ...".
template <typename Function, typename... Arguments>
auto xrt_call(const std::string& what, Function function, Arguments... arguments) {
  errno = 0;  // not every function of XRT sets it
  decltype(function(arguments...)) result;
  try {
    result = function(arguments...);
  } catch (const std::exception& error) {  // where a part of XRT itself is missing
    xrt_failed(what, error);
  }
  return xrt_check(result, what);
}

}  // namespace xfblas

#endif
