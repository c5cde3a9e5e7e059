// The Xilinx Runtime over the register-level model. Host and device have memories of their own,
// so that a range that is not synchronized is seen as it was.
#include <xrt/xrt_device.h>

#include <cstdlib>
#include <cstring>

#include "xfblas_register_model.h"

namespace {

constexpr uint64_t address = 0x100000000;
char device_memory_of[1 << 23];
unsigned char* device_memory;
unsigned char* host_memory;
size_t bytes;
xfblas_register_model* model;

}  // namespace

xrtDeviceHandle xrtDeviceOpen(unsigned int index) { return index == 0 ? &bytes : nullptr; }
int xrtDeviceClose(xrtDeviceHandle) { return 0; }
int xrtDeviceLoadXclbinFile(xrtDeviceHandle, const char* path) {
  return std::strcmp(path, "xfblas.xclbin") == 0 ? 0 : -1;
}
int xrtDeviceGetXclbinUUID(xrtDeviceHandle, xuid_t out) { return std::memset(out, 1, 16) ? 0 : -1; }
xrtKernelHandle xrtPLKernelOpenExclusive(xrtDeviceHandle, const xuid_t, const char* name) {
  return std::strcmp(name, "fcnMaster") == 0 ? &model : nullptr;
}
int xrtKernelClose(xrtKernelHandle) { return 0; }
int xrtKernelArgGroupId(xrtKernelHandle, int) { return 0; }
int xrtKernelReadRegister(xrtKernelHandle, uint32_t offset, uint32_t* value) {
  *value = xfblas_model_read(model, offset);
  return 0;
}
int xrtKernelWriteRegister(xrtKernelHandle, uint32_t offset, uint32_t value) {
  xfblas_model_write(model, offset, value);
  return 0;
}
xrtBufferHandle xrtBOAlloc(xrtDeviceHandle, size_t size, uint64_t, xrtMemoryGroup) {
  if (size > sizeof device_memory_of - 4096) return nullptr;
  bytes = size;
  device_memory = reinterpret_cast<unsigned char*>(
      (reinterpret_cast<uintptr_t>(device_memory_of) + 4095) / 4096 * 4096);
  host_memory = static_cast<unsigned char*>(std::aligned_alloc(4096, (size + 4095) / 4096 * 4096));
  model = xfblas_model_open(device_memory, size, address);
  return &host_memory;
}
int xrtBOFree(xrtBufferHandle) {
  std::free(host_memory);
  xfblas_model_close(model);
  return 0;
}
int xrtBOSync(xrtBufferHandle, enum xclBOSyncDirection direction, size_t size, size_t offset) {
  if (offset > bytes || size > bytes - offset) return -1;
  if (direction == XCL_BO_SYNC_BO_TO_DEVICE)
    std::memcpy(device_memory + offset, host_memory + offset, size);
  else
    std::memcpy(host_memory + offset, device_memory + offset, size);
  return 0;
}
void* xrtBOMap(xrtBufferHandle) { return host_memory; }
uint64_t xrtBOAddress(xrtBufferHandle) { return address; }
