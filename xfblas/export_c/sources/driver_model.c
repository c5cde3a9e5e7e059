/* The register-level model in the board's place: make DRIVER=model MODEL=<library>.
 *
 * Environment: XFBLAS_MODEL_BYTES   of memory, 16777216 by default
 *              XFBLAS_MODEL_FAULT   a number of xfblas_model_fault
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xfblas_model.h"
#include "xfblas_platform.h"
#include "xfblas_register_model.h"

static xfblas_register_model *model;
static void *memory;

static uint32_t read_register(void *self, uint32_t offset) {
  return xfblas_model_read((xfblas_register_model *)self, offset);
}
static void write_register(void *self, uint32_t offset, uint32_t value) {
  xfblas_model_write((xfblas_register_model *)self, offset, value);
}
static uint32_t read_dma(void *self, uint32_t offset) {
  return xfblas_model_read_dma((xfblas_register_model *)self, offset);
}
static void write_dma(void *self, uint32_t offset, uint32_t value) {
  xfblas_model_write_dma((xfblas_register_model *)self, offset, value);
}

static void synchronize(void *self, void *address, size_t bytes) {
  (void)self, (void)address, (void)bytes;
}

static uint64_t now(void *self) {
  struct timespec time;
  (void)self;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

static unsigned long number(const char *name, unsigned long otherwise) {
  const char *found = getenv(name);
  return found != NULL && *found ? strtoul(found, NULL, 0) : otherwise;
}

int xfblas_platform_open(xfblas_platform *platform) {
  /* An address above 4 GiB, so that both halves of the base are looked at. */
  const uint64_t address = UINT64_C(0x840000000);
  const size_t bytes = number("XFBLAS_MODEL_BYTES", 16777216ul);
  memset(platform, 0, sizeof *platform);
  if (posix_memalign(&memory, 4096, bytes ? bytes : 4096) != 0) return XFBLAS_ERROR_PLATFORM;
  /* As memory is after power-up: anything. */
  memset(memory, 0xa5, bytes);
  model = xfblas_model_open(memory, bytes, address);
  if (model == NULL) return XFBLAS_ERROR_PLATFORM;
  xfblas_model_set_fault(model, (enum xfblas_model_fault)number("XFBLAS_MODEL_FAULT", 0));
  platform->self = model;
  platform->read = read_register;
  platform->write = write_register;
  if (xfblas_model_is_stream()) {
    platform->read_dma = read_dma;
    platform->write_dma = write_dma;
  }
  platform->flush = platform->invalidate = synchronize;
  platform->now = now;
  platform->memory = memory;
  platform->memory_address = address;
  platform->memory_bytes = bytes;
  return XFBLAS_OK;
}

void xfblas_platform_close(xfblas_platform *platform) {
  (void)platform;
  if (model != NULL && *xfblas_model_error(model))
    fprintf(stderr, "the model: %s\n", xfblas_model_error(model));
  xfblas_model_close(model);
  free(memory);
  model = NULL;
  memory = NULL;
}
