/* Bare metal: registers at fixed addresses, a stretch of memory that the linker or the board's
 * address map leaves to the kernel, and hooks for the caches. No operating system, no malloc.
 *
 * What a board needs is given by -D or in a header that -DXFBLAS_BOARD_HEADER='"board.h"' names:
 *
 *   XFBLAS_BASE                    of the control registers, as the block design's address map says
 *   XFBLAS_MEMORY_BASE, _BYTES     the memory, at the same address for both sides
 *   XFBLAS_FLUSH(address, bytes)   Xil_DCacheFlushRange of the vendor's standalone library
 *   XFBLAS_INVALIDATE(address, bytes)   Xil_DCacheInvalidateRange
 *   XFBLAS_TICKS(), XFBLAS_TICKS_PER_MICROSECOND   a counter that never goes back
 *   XFBLAS_DMA_BASE                of the AXI DMA of a stream top
 */
#include "xfblas_model.h"
#include "xfblas_platform.h"

#ifdef XFBLAS_BOARD_HEADER
#include XFBLAS_BOARD_HEADER
#endif
#ifndef XFBLAS_BASE
#define XFBLAS_BASE 0xa0000000u
#endif
#ifndef XFBLAS_MEMORY_BASE
#define XFBLAS_MEMORY_BASE 0x10000000u
#endif
#ifndef XFBLAS_MEMORY_BYTES
#define XFBLAS_MEMORY_BYTES 0x01000000u
#endif
#ifndef XFBLAS_FLUSH
#define XFBLAS_FLUSH(address, bytes) ((void)(address), (void)(bytes))
#define XFBLAS_INVALIDATE(address, bytes) ((void)(address), (void)(bytes))
#endif
#ifndef XFBLAS_TICKS
/* Without a clock each look counts as a microsecond, so that a kernel that never ends is told. */
static uint64_t looks;
#define XFBLAS_TICKS() (++looks)
#define XFBLAS_TICKS_PER_MICROSECOND 1
#endif

static void barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

static uint32_t read_register(void *self, uint32_t offset) {
  (void)self;
  return *(volatile uint32_t *)((uintptr_t)XFBLAS_BASE + offset);
}

static void write_register(void *self, uint32_t offset, uint32_t value) {
  (void)self;
  barrier();
  *(volatile uint32_t *)((uintptr_t)XFBLAS_BASE + offset) = value;
}

#ifdef XFBLAS_DMA_BASE
static uint32_t read_dma(void *self, uint32_t offset) {
  (void)self;
  return *(volatile uint32_t *)((uintptr_t)XFBLAS_DMA_BASE + offset);
}

static void write_dma(void *self, uint32_t offset, uint32_t value) {
  (void)self;
  barrier();
  *(volatile uint32_t *)((uintptr_t)XFBLAS_DMA_BASE + offset) = value;
}
#endif

static void flush(void *self, void *address, size_t bytes) {
  (void)self;
  XFBLAS_FLUSH(address, bytes);
  barrier();
}

static void invalidate(void *self, void *address, size_t bytes) {
  (void)self;
  barrier();
  XFBLAS_INVALIDATE(address, bytes);
}

static uint64_t now(void *self) {
  (void)self;
  return (uint64_t)(XFBLAS_TICKS()) / XFBLAS_TICKS_PER_MICROSECOND;
}

int xfblas_platform_open(xfblas_platform *platform) {
  static const xfblas_platform none;
  *platform = none;
  platform->read = read_register;
  platform->write = write_register;
#ifdef XFBLAS_DMA_BASE
  platform->read_dma = read_dma;
  platform->write_dma = write_dma;
#endif
  platform->flush = flush;
  platform->invalidate = invalidate;
  platform->now = now;
  platform->memory = (void *)(uintptr_t)XFBLAS_MEMORY_BASE;
  platform->memory_address = XFBLAS_MEMORY_BASE;
  platform->memory_bytes = XFBLAS_MEMORY_BYTES;
  return XFBLAS_OK;
}

void xfblas_platform_close(xfblas_platform *platform) { (void)platform; }
