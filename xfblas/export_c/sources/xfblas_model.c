/* Predictions, and weights in two halves of the memory; see xfblas_model.h. */
#include "xfblas_model.h"

#include <string.h>

#include "xfblas_blob.h"
#include "xfblas_registers.h"

#define RESULT_BYTES 64u
#define STATUS_OF_RESULT 16u
#define UNWRITTEN 0xffffffffu

/* What threads and interrupts see of a context, in one order for all. */
static int seen(const int *value) { return __atomic_load_n(value, __ATOMIC_SEQ_CST); }
static void set(int *value, int to) { __atomic_store_n(value, to, __ATOMIC_SEQ_CST); }
static int take(int *lock) { return !__atomic_exchange_n(lock, 1, __ATOMIC_SEQ_CST); }

/* A context of zeros, and one whose xfblas_init failed, are not. */
static int is_ready(const xfblas_context *c) {
  return c->platform != NULL && seen(&c->active) >= 0;
}

static const xfblas_header *header_of(const xfblas_context *c, int bank) {
  return (const xfblas_header *)c->parameters[bank].bytes;
}

static unsigned char *memory_of(const xfblas_context *c, int bank) {
  return (unsigned char *)c->platform->memory + (size_t)bank * c->bank_bytes;
}

static uint64_t address_of(const xfblas_context *c, int bank) {
  return c->platform->memory_address + (uint64_t)bank * c->bank_bytes;
}

static void write_register(const xfblas_context *c, uint32_t offset, uint32_t value) {
  c->platform->write(c->platform->self, offset, value);
}

static uint32_t read_register(const xfblas_context *c, uint32_t offset) {
  return c->platform->read(c->platform->self, offset);
}

/* Rows that one run takes: those of the blob, and no more than the DMA moves at once; 0 where
 * it moves no row. */
static uint32_t most_rows(const xfblas_context *c, const xfblas_header *h) {
  const uint32_t stride = h->input_stride > h->output_stride ? h->input_stride : h->output_stride;
  const uint32_t moved = XFBLAS_DMA_MOST_BYTES / h->element_bytes / stride;
  return c->platform->write_dma != NULL && moved < h->rows ? moved : h->rows;
}

/* Fills a half that no prediction uses. */
static int load(xfblas_context *c, int bank, const void *blob) {
  const xfblas_platform *p = c->platform;
  const xfblas_header *h = (const xfblas_header *)blob;
  const size_t image_bytes = (size_t)h->image_pages * XFBLAS_PAGE_BYTES;
  if (h->features != XFBLAS_FEATURES || h->outputs != XFBLAS_OUTPUTS ||
      h->element_bytes != XFBLAS_ELEMENT_BYTES)
    return XFBLAS_ERROR_SHAPE;
  if ((uint64_t)h->pages * XFBLAS_PAGE_BYTES > c->bank_bytes ||
      h->image_offset > XFBLAS_PARAMETER_BYTES || most_rows(c, h) == 0)
    return XFBLAS_ERROR_MEMORY;
  memcpy(c->parameters[bank].bytes, blob, h->image_offset);
  memcpy(memory_of(c, bank), (const unsigned char *)blob + h->image_offset, image_bytes);
  p->flush(p->self, memory_of(c, bank), image_bytes);
  return XFBLAS_OK;
}

int xfblas_init(xfblas_context *c, const xfblas_platform *p, const void *blob, size_t size) {
  int status;
  if (c == NULL || p == NULL) return XFBLAS_ERROR_ARGUMENT;
  memset(c, 0, sizeof *c);
  c->active = c->in_use = -1;
  if (p->read == NULL || p->write == NULL || p->flush == NULL || p->invalidate == NULL ||
      p->now == NULL || p->memory == NULL)
    return XFBLAS_ERROR_ARGUMENT;
  if (!xfblas_rounds_as_written()) return XFBLAS_ERROR_ARITHMETIC;
  if ((uintptr_t)p->memory % XFBLAS_PAGE_BYTES != 0 ||
      p->memory_address % XFBLAS_PAGE_BYTES != 0)
    return XFBLAS_ERROR_ALIGNMENT;
  status = xfblas_check_blob(blob, size);
  if (status != XFBLAS_OK) return status;
  c->platform = p;
  c->timeout = XFBLAS_TIMEOUT_MICROSECONDS;
  c->bank_bytes = p->memory_bytes / 2 / XFBLAS_PAGE_BYTES * XFBLAS_PAGE_BYTES;
  status = load(c, 0, blob);
  if (status != XFBLAS_OK) return status;
  write_register(c, XFBLAS_REGISTER_GLOBAL_INTERRUPT, p->has_interrupt ? 1 : 0);
  write_register(c, XFBLAS_REGISTER_INTERRUPT_ENABLE, p->has_interrupt ? XFBLAS_INTERRUPT_DONE : 0);
  set(&c->active, 0);
  return XFBLAS_OK;
}

/* A run that timed out may end later: only then is the kernel asked again. */
static int is_free(xfblas_context *c) {
  uint32_t control;
  if (!seen(&c->is_stuck)) return 1;
  control = read_register(c, XFBLAS_REGISTER_CONTROL);
  if (!(control & XFBLAS_CONTROL_IDLE)) return 0;
  set(&c->is_stuck, 0);
  return 1;
}

int xfblas_load_weights(xfblas_context *c, const void *blob, size_t size) {
  int status, target;
  if (c == NULL) return XFBLAS_ERROR_ARGUMENT;
  if (!is_ready(c)) return XFBLAS_ERROR_NOT_READY;
  status = xfblas_check_blob(blob, size);
  if (status != XFBLAS_OK) return status;
  if (!take(&c->loading)) return XFBLAS_ERROR_BUSY;
  target = 1 - seen(&c->active);
  /* A kernel that never ended may still write to the half that it was given. */
  status = seen(&c->in_use) == target || !is_free(c) ? XFBLAS_ERROR_BUSY : load(c, target, blob);
  if (status == XFBLAS_OK) set(&c->active, target);
  set(&c->loading, 0);
  return status;
}

/* The half that this prediction takes. No load fills it before it is given back: whoever sees
 * in_use as it was before has also switched before this looks at active again. */
static int take_bank(xfblas_context *c) {
  int bank;
  do {
    bank = seen(&c->active);
    set(&c->in_use, bank);
  } while (bank != seen(&c->active));
  return bank;
}

static int send_rows(const xfblas_context *c, const xfblas_header *h, int bank, const float *x,
                     uint32_t count) {
  const xfblas_platform *p = c->platform;
  unsigned char *to = memory_of(c, bank) + (size_t)h->input_page * XFBLAS_PAGE_BYTES;
  const size_t row_bytes = (size_t)h->input_stride * h->element_bytes;
  unsigned char *results = memory_of(c, bank) + XFBLAS_PAGE_BYTES;
  const uint32_t unwritten = UNWRITTEN;
  uint32_t i;
  for (i = 0; i < count; ++i)
    if (!xfblas_encode_row(h, x + (size_t)i * h->features, to + i * row_bytes))
      return XFBLAS_ERROR_NOT_FINITE;
  for (i = 0; i <= h->instructions; ++i)
    memcpy(results + i * RESULT_BYTES + STATUS_OF_RESULT, &unwritten, sizeof unwritten);
  p->flush(p->self, to, count * row_bytes);
  p->flush(p->self, results, XFBLAS_PAGE_BYTES);
  return XFBLAS_OK;
}

static void start_dma(const xfblas_context *c, const xfblas_header *h, int bank, uint32_t count) {
  const xfblas_platform *p = c->platform;
  const uint64_t from = address_of(c, bank) + (uint64_t)h->input_page * XFBLAS_PAGE_BYTES;
  const uint64_t to = address_of(c, bank) + (uint64_t)h->output_page * XFBLAS_PAGE_BYTES;
  p->write_dma(p->self, XFBLAS_DMA_RECEIVE_CONTROL, XFBLAS_DMA_CONTROL_RUN);
  p->write_dma(p->self, XFBLAS_DMA_SEND_CONTROL, XFBLAS_DMA_CONTROL_RUN);
  p->write_dma(p->self, XFBLAS_DMA_RECEIVE_ADDRESS_LOW, (uint32_t)to);
  p->write_dma(p->self, XFBLAS_DMA_RECEIVE_ADDRESS_HIGH, (uint32_t)(to >> 32));
  p->write_dma(p->self, XFBLAS_DMA_RECEIVE_BYTES, count * h->output_stride * h->element_bytes);
  p->write_dma(p->self, XFBLAS_DMA_SEND_ADDRESS_LOW, (uint32_t)from);
  p->write_dma(p->self, XFBLAS_DMA_SEND_ADDRESS_HIGH, (uint32_t)(from >> 32));
  p->write_dma(p->self, XFBLAS_DMA_SEND_BYTES, count * h->input_stride * h->element_bytes);
}

static int dma_has_ended(const xfblas_context *c, int *status) {
  const xfblas_platform *p = c->platform;
  const uint32_t sent = p->read_dma(p->self, XFBLAS_DMA_SEND_STATUS);
  const uint32_t received = p->read_dma(p->self, XFBLAS_DMA_RECEIVE_STATUS);
  if ((sent | received) & XFBLAS_DMA_STATUS_ERRORS) *status = XFBLAS_ERROR_DMA;
  return *status != XFBLAS_OK || (sent & received & XFBLAS_DMA_STATUS_IDLE);
}

/* Reading CONTROL clears DONE, so what was read is kept. */
static int wait_for_end(xfblas_context *c, uint64_t begin) {
  const xfblas_platform *p = c->platform;
  int is_done = 0, status = XFBLAS_OK;
  for (;;) {
    const uint64_t passed = p->now(p->self) - begin;
    is_done |= (read_register(c, XFBLAS_REGISTER_CONTROL) & XFBLAS_CONTROL_DONE) != 0;
    if (is_done && p->read_dma == NULL) return XFBLAS_OK;
    if (p->read_dma != NULL && dma_has_ended(c, &status) && (is_done || status != XFBLAS_OK))
      return status;
    if (passed >= c->timeout) return XFBLAS_ERROR_TIMEOUT;
    if (p->wait != NULL && !is_done) p->wait(p->self, (uint32_t)(c->timeout - passed));
  }
}

/* Starts the kernel on the rows that were sent, and waits for it. */
static int run(xfblas_context *c, const xfblas_header *h, int bank, uint32_t count) {
  const uint64_t address = address_of(c, bank), begin = c->platform->now(c->platform->self);
  int status;
  write_register(c, XFBLAS_REGISTER_READ_BASE_LOW, (uint32_t)address);
  write_register(c, XFBLAS_REGISTER_READ_BASE_HIGH, (uint32_t)(address >> 32));
  write_register(c, XFBLAS_REGISTER_WRITE_BASE_LOW, (uint32_t)address);
  write_register(c, XFBLAS_REGISTER_WRITE_BASE_HIGH, (uint32_t)(address >> 32));
  write_register(c, XFBLAS_REGISTER_AMOUNT, count);
  if (c->platform->write_dma != NULL) start_dma(c, h, bank, count);
  write_register(c, XFBLAS_REGISTER_CONTROL, XFBLAS_CONTROL_START);
  status = wait_for_end(c, begin);
  c->busy_microseconds += c->platform->now(c->platform->self) - begin;
  if (status == XFBLAS_ERROR_TIMEOUT || status == XFBLAS_ERROR_DMA) set(&c->is_stuck, 1);
  return status;
}

static int receive_rows(xfblas_context *c, const xfblas_header *h, int bank, float *y,
                        uint32_t count) {
  const xfblas_platform *p = c->platform;
  unsigned char *from = memory_of(c, bank) + (size_t)h->output_page * XFBLAS_PAGE_BYTES;
  const size_t row_bytes = (size_t)h->output_stride * h->element_bytes;
  unsigned char *results = memory_of(c, bank) + XFBLAS_PAGE_BYTES;
  uint32_t i;
  p->invalidate(p->self, results, XFBLAS_PAGE_BYTES);
  for (i = 1; i <= h->instructions; ++i) {
    memcpy(&c->kernel_status, results + i * RESULT_BYTES + STATUS_OF_RESULT,
           sizeof c->kernel_status);
    c->failed_instruction = i;
    if (c->kernel_status != 0) return XFBLAS_ERROR_KERNEL;
  }
  c->failed_instruction = 0;
  p->invalidate(p->self, from, count * row_bytes);
  for (i = 0; i < count; ++i)
    xfblas_decode_row(h, from + i * row_bytes, y + (size_t)i * h->outputs);
  return XFBLAS_OK;
}

static int predict_with(xfblas_context *c, int bank, const float *x, size_t n, float *y) {
  const xfblas_header *h = header_of(c, bank);
  const uint32_t most = most_rows(c, h);
  int status = XFBLAS_OK;
  while (n > 0 && status == XFBLAS_OK) {
    const uint32_t count = n < most ? (uint32_t)n : most;
    const uint64_t begin = c->platform->now(c->platform->self);
    status = send_rows(c, h, bank, x, count);
    c->flush_microseconds += c->platform->now(c->platform->self) - begin;
    if (status == XFBLAS_OK) status = run(c, h, bank, count);
    if (status == XFBLAS_OK) status = receive_rows(c, h, bank, y, count);
    x += (size_t)count * h->features;
    y += (size_t)count * h->outputs;
    n -= count;
  }
  return status;
}

int xfblas_predict(xfblas_context *c, const float *x, size_t n, float *y) {
  int status;
  if (c == NULL || (n > 0 && (x == NULL || y == NULL))) return XFBLAS_ERROR_ARGUMENT;
  if ((uintptr_t)x % sizeof(float) != 0 || (uintptr_t)y % sizeof(float) != 0)
    return XFBLAS_ERROR_ALIGNMENT;
  if (!is_ready(c)) return XFBLAS_ERROR_NOT_READY;
  if (!take(&c->running)) return XFBLAS_ERROR_BUSY;
  status = is_free(c) ? predict_with(c, take_bank(c), x, n, y) : XFBLAS_ERROR_TIMEOUT;
  set(&c->in_use, -1);
  set(&c->running, 0);
  return status;
}

uint32_t xfblas_rows_of_a_run(const xfblas_context *c) {
  return c == NULL || !is_ready(c) ? 0 : header_of(c, seen(&c->active))->rows;
}
