/* Linux on a Zynq: registers by uio, memory by u-dma-buf (udmabuf).
 *
 * Environment: XFBLAS_UIO        /dev/uio0      the control registers, and the interrupt if it has one
 *              XFBLAS_UDMABUF    /dev/udmabuf0
 *              XFBLAS_UDMABUF_ADDRESS, XFBLAS_UDMABUF_BYTES   in place of what
 *                                /sys/class/u-dma-buf/<name>/phys_addr and size say
 *              XFBLAS_UIO_DMA    the AXI DMA of a stream top; none by default
 *              XFBLAS_INTERRUPT  1: sleep until the interrupt comes, instead of looking
 */
#define _DEFAULT_SOURCE
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "xfblas_model.h"
#include "xfblas_platform.h"
#include "xfblas_registers.h"

typedef struct linux_device {
  int uio, dma, buffer;
  volatile uint32_t *registers, *dma_registers;
  void *memory;
  size_t memory_bytes;
} linux_device;

static linux_device device = {-1, -1, -1, NULL, NULL, NULL, 0};

static uint32_t read_register(void *self, uint32_t offset) {
  return ((linux_device *)self)->registers[offset / 4];
}

static void write_register(void *self, uint32_t offset, uint32_t value) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  ((linux_device *)self)->registers[offset / 4] = value;
}

static uint32_t read_dma(void *self, uint32_t offset) {
  return ((linux_device *)self)->dma_registers[offset / 4];
}

static void write_dma(void *self, uint32_t offset, uint32_t value) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  ((linux_device *)self)->dma_registers[offset / 4] = value;
}

/* The buffer is opened with O_SYNC, so that no cache holds it. */
static void synchronize(void *self, void *address, size_t bytes) {
  (void)self, (void)address, (void)bytes;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static uint64_t now(void *self) {
  struct timespec time;
  (void)self;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

/* The kernel keeps the line up until its status is cleared; uio masks it until it is written 1. */
static void wait_for_interrupt(void *self, uint32_t microseconds) {
  linux_device *d = (linux_device *)self;
  struct pollfd asked;
  uint32_t count, on = 1;
  asked.fd = d->uio;
  asked.events = POLLIN;
  asked.revents = 0;
  if (poll(&asked, 1, (int)(microseconds / 1000u) + 1) <= 0) return;
  if (read(d->uio, &count, sizeof count) != (ssize_t)sizeof count) return;
  if (d->registers[XFBLAS_REGISTER_INTERRUPT_STATUS / 4] & XFBLAS_INTERRUPT_DONE)
    d->registers[XFBLAS_REGISTER_INTERRUPT_STATUS / 4] = XFBLAS_INTERRUPT_DONE;
  if (write(d->uio, &on, sizeof on) != (ssize_t)sizeof on) return;
}

static const char *setting(const char *name, const char *otherwise) {
  const char *found = getenv(name);
  return found != NULL && *found ? found : otherwise;
}

static unsigned long long number_of_buffer(const char *buffer, const char *entry,
                                           const char *variable) {
  const char *given = setting(variable, NULL), *slash = strrchr(buffer, '/');
  char path[256], text[64] = "";
  FILE *file;
  if (given != NULL) return strtoull(given, NULL, 0);
  if (snprintf(path, sizeof path, "/sys/class/u-dma-buf/%s/%s", slash ? slash + 1 : buffer,
               entry) >= (int)sizeof path)
    return 0;
  file = fopen(path, "r");
  if (file == NULL) return 0;
  if (fgets(text, sizeof text, file) == NULL) text[0] = 0;
  fclose(file);
  return strtoull(text, NULL, 0);
}

static volatile uint32_t *map_registers(const char *path, int *file) {
  void *found;
  *file = open(path, O_RDWR | O_SYNC);
  if (*file < 0) {
    perror(path);
    return NULL;
  }
  found = mmap(NULL, XFBLAS_REGISTER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
  if (found == MAP_FAILED) {
    perror(path);
    return NULL;
  }
  return (volatile uint32_t *)found;
}

int xfblas_platform_open(xfblas_platform *platform) {
  const char *buffer = setting("XFBLAS_UDMABUF", "/dev/udmabuf0");
  const char *dma = setting("XFBLAS_UIO_DMA", NULL);
  uint32_t on = 1;
  memset(platform, 0, sizeof *platform);
  platform->self = &device;
  device.registers = map_registers(setting("XFBLAS_UIO", "/dev/uio0"), &device.uio);
  if (device.registers == NULL) return XFBLAS_ERROR_PLATFORM;
  if (dma != NULL && (device.dma_registers = map_registers(dma, &device.dma)) == NULL)
    return XFBLAS_ERROR_PLATFORM;
  platform->memory_address = number_of_buffer(buffer, "phys_addr", "XFBLAS_UDMABUF_ADDRESS");
  device.memory_bytes = (size_t)number_of_buffer(buffer, "size", "XFBLAS_UDMABUF_BYTES");
  device.buffer = open(buffer, O_RDWR | O_SYNC);
  if (device.buffer < 0 || device.memory_bytes == 0 || platform->memory_address == 0) {
    fprintf(stderr, "%s cannot be opened, or its size or physical address is not known: is u-dma-buf loaded?\n",
            buffer);
    return XFBLAS_ERROR_PLATFORM;
  }
  device.memory = mmap(NULL, device.memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, device.buffer, 0);
  if (device.memory == MAP_FAILED) {
    perror(buffer);
    device.memory = NULL;
    return XFBLAS_ERROR_PLATFORM;
  }
  platform->read = read_register;
  platform->write = write_register;
  if (dma != NULL) {
    platform->read_dma = read_dma;
    platform->write_dma = write_dma;
  }
  platform->flush = platform->invalidate = synchronize;
  platform->now = now;
  platform->memory = device.memory;
  platform->memory_bytes = device.memory_bytes;
  if (*setting("XFBLAS_INTERRUPT", "0") == '1') {
    platform->has_interrupt = 1;
    platform->wait = wait_for_interrupt;
    if (write(device.uio, &on, sizeof on) != (ssize_t)sizeof on) return XFBLAS_ERROR_PLATFORM;
  }
  return XFBLAS_OK;
}

void xfblas_platform_close(xfblas_platform *platform) {
  (void)platform;
  if (device.memory != NULL) munmap(device.memory, device.memory_bytes);
  if (device.registers != NULL) munmap((void *)device.registers, XFBLAS_REGISTER_BYTES);
  if (device.dma_registers != NULL) munmap((void *)device.dma_registers, XFBLAS_REGISTER_BYTES);
  if (device.buffer >= 0) close(device.buffer);
  if (device.uio >= 0) close(device.uio);
  if (device.dma >= 0) close(device.dma);
  device.memory = NULL;
  device.registers = device.dma_registers = NULL;
  device.uio = device.dma = device.buffer = -1;
}
