/* Linux with the Xilinx Runtime (KV260, ZCU102): registers and memory by its C interface.
 *
 * Environment: XFBLAS_XCLBIN        xfblas.xclbin
 *              XFBLAS_KERNEL        fcnMaster
 *              XFBLAS_DEVICE        0
 *              XFBLAS_XRT_BYTES     bytes of memory, 16777216 by default
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include "xfblas_model.h"
#include "xfblas_platform.h"

typedef struct xrt_device {
  xrtDeviceHandle device;
  xrtKernelHandle kernel;
  xrtBufferHandle buffer;
  unsigned char *memory;
} xrt_device;

static xrt_device opened;

static uint32_t read_register(void *self, uint32_t offset) {
  uint32_t value = 0;
  xrtKernelReadRegister(((xrt_device *)self)->kernel, offset, &value);
  return value;
}

static void write_register(void *self, uint32_t offset, uint32_t value) {
  xrtKernelWriteRegister(((xrt_device *)self)->kernel, offset, value);
}

static void synchronize(xrt_device *d, enum xclBOSyncDirection direction, void *address,
                        size_t bytes) {
  const size_t offset = (size_t)((unsigned char *)address - d->memory);
  xrtBOSync(d->buffer, direction, bytes, offset);
}

static void flush(void *self, void *address, size_t bytes) {
  synchronize((xrt_device *)self, XCL_BO_SYNC_BO_TO_DEVICE, address, bytes);
}

static void invalidate(void *self, void *address, size_t bytes) {
  synchronize((xrt_device *)self, XCL_BO_SYNC_BO_FROM_DEVICE, address, bytes);
}

static uint64_t now(void *self) {
  struct timespec time;
  (void)self;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

static const char *setting(const char *name, const char *otherwise) {
  const char *found = getenv(name);
  return found != NULL && *found ? found : otherwise;
}

static int refused(const char *what, const char *name) {
  fprintf(stderr, "%s: %s\n", name, what);
  return XFBLAS_ERROR_PLATFORM;
}

int xfblas_platform_open(xfblas_platform *platform) {
  const char *image = setting("XFBLAS_XCLBIN", "xfblas.xclbin");
  const char *kernel = setting("XFBLAS_KERNEL", "fcnMaster");
  const size_t bytes = (size_t)strtoull(setting("XFBLAS_XRT_BYTES", "16777216"), NULL, 0);
  xuid_t uuid;
  memset(platform, 0, sizeof *platform);
  platform->self = &opened;
  opened.device = xrtDeviceOpen((unsigned int)strtoul(setting("XFBLAS_DEVICE", "0"), NULL, 0));
  if (opened.device == NULL) return refused("no such device", setting("XFBLAS_DEVICE", "0"));
  if (xrtDeviceLoadXclbinFile(opened.device, image) != 0 ||
      xrtDeviceGetXclbinUUID(opened.device, uuid) != 0)
    return refused("cannot be loaded", image);
  opened.kernel = xrtPLKernelOpenExclusive(opened.device, uuid, kernel);
  if (opened.kernel == NULL) return refused("no such kernel", kernel);
  opened.buffer =
      xrtBOAlloc(opened.device, bytes, 0, (xrtMemoryGroup)xrtKernelArgGroupId(opened.kernel, 0));
  opened.memory = opened.buffer == NULL ? NULL : (unsigned char *)xrtBOMap(opened.buffer);
  if (opened.memory == NULL) return refused("no memory of XFBLAS_XRT_BYTES", kernel);
  platform->read = read_register;
  platform->write = write_register;
  platform->flush = flush;
  platform->invalidate = invalidate;
  platform->now = now;
  platform->memory = opened.memory;
  platform->memory_address = xrtBOAddress(opened.buffer);
  platform->memory_bytes = bytes;
  return XFBLAS_OK;
}

void xfblas_platform_close(xfblas_platform *platform) {
  (void)platform;
  if (opened.buffer != NULL) xrtBOFree(opened.buffer);
  if (opened.kernel != NULL) xrtKernelClose(opened.kernel);
  if (opened.device != NULL) xrtDeviceClose(opened.device);
  memset(&opened, 0, sizeof opened);
}
