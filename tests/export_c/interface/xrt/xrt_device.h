/* What driver_xrt.c uses of the Xilinx Runtime's C interface, declared only. */
#ifndef XFBLAS_TEST_XRT_DEVICE_H
#define XFBLAS_TEST_XRT_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void *xrtDeviceHandle;
typedef void *xrtKernelHandle;
typedef void *xrtBufferHandle;
typedef uint32_t xrtMemoryGroup;
typedef unsigned char xuid_t[16];
enum xclBOSyncDirection { XCL_BO_SYNC_BO_TO_DEVICE = 0, XCL_BO_SYNC_BO_FROM_DEVICE };

xrtDeviceHandle xrtDeviceOpen(unsigned int index);
int xrtDeviceClose(xrtDeviceHandle device);
int xrtDeviceLoadXclbinFile(xrtDeviceHandle device, const char *path);
int xrtDeviceGetXclbinUUID(xrtDeviceHandle device, xuid_t out);
xrtKernelHandle xrtPLKernelOpenExclusive(xrtDeviceHandle device, const xuid_t uuid, const char *name);
int xrtKernelClose(xrtKernelHandle kernel);
int xrtKernelArgGroupId(xrtKernelHandle kernel, int argument);
int xrtKernelReadRegister(xrtKernelHandle kernel, uint32_t offset, uint32_t *value);
int xrtKernelWriteRegister(xrtKernelHandle kernel, uint32_t offset, uint32_t value);
xrtBufferHandle xrtBOAlloc(xrtDeviceHandle device, size_t size, uint64_t flags, xrtMemoryGroup group);
int xrtBOFree(xrtBufferHandle buffer);
int xrtBOSync(xrtBufferHandle buffer, enum xclBOSyncDirection direction, size_t size, size_t offset);
void *xrtBOMap(xrtBufferHandle buffer);
uint64_t xrtBOAddress(xrtBufferHandle buffer);

#ifdef __cplusplus
}
#endif

#endif
