#include "xrt/unit_buffers.hpp"

#include <sys/mman.h>

#include "error.hpp"
#include "xrt/runtime.hpp"

namespace xfblas {
namespace {

void open_into(XrtHandles& handles, void* device, const XrtUuid& image, const std::string& unit) {
  handles.kernel = xrt_call("open compute unit " + unit, xrt().xrtPLKernelOpen, device,
                            image.data(), unit.c_str());
  const int group = xrt().xrtKernelArgGroupId(handles.kernel, 0);
  require(group >= 0, XFBLAS_STATUS_IMAGE_INVALID, "XRT knows no memory of compute unit ", unit,
          ": the image's CONNECTIVITY does not name it");
  handles.buffer = xrt().xrtBOAlloc(device, handles.bytes, xrt_ordinary_buffer, uint32_t(group));
  require(handles.buffer != nullptr, XFBLAS_STATUS_ALLOC_FAILED, "XRT has no room for ",
          handles.bytes >> 20, " MiB of memory for compute unit ", unit,
          ": set XFBLAS_XRT_ARENA_MB to a smaller number");
  handles.host =
      static_cast<char*>(xrt_call("show the memory of " + unit, xrt().xrtBOMap, handles.buffer));
  handles.run = xrt_call("prepare a run of " + unit, xrt().xrtRunOpen, handles.kernel);
  for (const int argument : {0, 1})
    xrt_call("pass memory to " + unit, xrt().xrtRunSetArg, handles.run, argument, handles.buffer);
}

}  // namespace

XrtHandles open_handles(void* device, const XrtUuid& image, const std::string& unit, uint64_t bytes,
                        bool is_emulated) {
  XrtHandles handles;
  handles.bytes = bytes;
  try {
    open_into(handles, device, image, unit);
  } catch (...) {
    close_handles(handles);
    throw;
  }
  // XRT's emulation fills the mirror with zeros. Given back, its pages are zeros again when
  // they are used, and take no memory until then.
  if (is_emulated) madvise(handles.host, bytes, MADV_DONTNEED);
  return handles;
}

void close_handles(const XrtHandles& handles) {
  if (handles.run) xrt().xrtRunClose(handles.run);
  if (handles.buffer) xrt().xrtBOFree(handles.buffer);
  if (handles.kernel) xrt().xrtKernelClose(handles.kernel);
}

}  // namespace xfblas
