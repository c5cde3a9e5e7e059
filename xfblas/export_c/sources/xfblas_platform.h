/* What a driver offers: registers, one stretch of memory that both sides see, caches, time.
 *
 * driver_bare_metal.c, driver_linux.c, driver_xrt.c and driver_model.c each define the two
 * functions at the end; a program links one of them.
 */
#ifndef XFBLAS_PLATFORM_H
#define XFBLAS_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

typedef struct xfblas_platform {
  void *self; /* the first argument of every function below */
  uint32_t (*read)(void *self, uint32_t offset);
  void (*write)(void *self, uint32_t offset, uint32_t value);
  /* Registers of the AXI DMA of a stream top; NULL beside the master top. */
  uint32_t (*read_dma)(void *self, uint32_t offset);
  void (*write_dma)(void *self, uint32_t offset, uint32_t value);
  /* Caches: what the CPU wrote goes to memory; what it holds of memory is forgotten. */
  void (*flush)(void *self, void *address, size_t bytes);
  void (*invalidate)(void *self, void *address, size_t bytes);
  /* Returns after an interrupt, or after so many microseconds at the latest; may return before.
   * NULL has CONTROL read over and over. */
  void (*wait)(void *self, uint32_t microseconds);
  /* A clock that never goes back. */
  uint64_t (*now)(void *self); /* microseconds */
  void *memory; /* as the CPU sees it; begins at a multiple of 4096 */
  uint64_t memory_address; /* as the kernel sees it */
  size_t memory_bytes;
  int has_interrupt; /* whether to enable it, for wait */
} xfblas_platform;

/* Fills in a platform. Returns XFBLAS_OK, or a status whose text says what is missing. */
int xfblas_platform_open(xfblas_platform *platform);
void xfblas_platform_close(xfblas_platform *platform);

#endif
