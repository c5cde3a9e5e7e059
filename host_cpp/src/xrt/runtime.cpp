#include "xrt/runtime.hpp"

#include <dlfcn.h>

#include <cerrno>
#include <cstring>

#include "error.hpp"

namespace xfblas {
namespace {

constexpr char library_name[] = "libxrt_coreutil.so.2";

template <typename Function>
void find(void* library, Function& function, const char* name) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  require(function != nullptr, XFBLAS_STATUS_NOT_SUPPORTED, library_name, " has no ", name,
          ": target xrt needs XRT 2022.1 or newer");
}

// Never unloaded: XRT keeps threads and signal handlers of its own.
void* open_library() {
  void* library = dlopen(library_name, RTLD_NOW | RTLD_GLOBAL);
  if (library != nullptr) return library;
  const char* reason = dlerror();
  fail(XFBLAS_STATUS_NOT_SUPPORTED,
       "target xrt needs the Xilinx Runtime (Debian 12: apt-get "
       "install libxrt1; for a card: AMD's xrt package, then source its setup.sh): ",
       reason ? reason : library_name);
}

XrtFunctions load() {
  void* library = open_library();
  XrtFunctions functions;
#define FIND(name) find(library, functions.name, #name)
  FIND(xrtDeviceOpen);
  FIND(xrtDeviceOpenByBDF);
  FIND(xrtDeviceClose);
  FIND(xrtDeviceLoadXclbinFile);
  FIND(xrtDeviceGetXclbinUUID);
  FIND(xrtPLKernelOpen);
  FIND(xrtKernelClose);
  FIND(xrtKernelArgGroupId);
  FIND(xrtBOAlloc);
  FIND(xrtBOFree);
  FIND(xrtBOMap);
  FIND(xrtBOAddress);
  FIND(xrtBOSync);
  FIND(xrtRunOpen);
  FIND(xrtRunClose);
  FIND(xrtRunSetArg);
  FIND(xrtRunStart);
  FIND(xrtRunState);
  FIND(xrtRunWait);
  FIND(xrtRunWaitFor);
#undef FIND
  return functions;
}

std::string reason(int error) {
  if (error == 0) return "its messages on the standard error tell the reason";
  std::string text = std::strerror(error);
  if (error == EBUSY) text += ": another program uses the card with another image";
  return text;
}

}  // namespace

const XrtFunctions& xrt() {
  static const XrtFunctions functions = load();
  return functions;
}

void* xrt_check(void* handle, const std::string& what) {
  const int error = errno;
  require(handle != nullptr, XFBLAS_STATUS_EXECUTION_FAILED, "XRT cannot ", what, ": ",
          reason(error));
  return handle;
}

int xrt_check(int code, const std::string& what) {
  // Some functions return the error number itself, negated or not, others -1 and set errno.
  const int error = code == -1 ? errno : code < 0 ? -code : code;
  require(code == 0, XFBLAS_STATUS_EXECUTION_FAILED, "XRT cannot ", what, ": ", reason(error));
  return code;
}

void xrt_failed(const std::string& what, const std::exception& error) {
  fail(XFBLAS_STATUS_NOT_SUPPORTED, "XRT cannot ", what, ": ", error.what(),
       ". For a card, source XRT's setup.sh first (/opt/xilinx/xrt/setup.sh)");
}

}  // namespace xfblas
