/* The register-level model of a Zynq top: AXI-lite registers, memory, interrupt and, of the stream
 * top, the AXI DMA beside it. It runs the kernels' own HLS source; plain C from outside.
 */
#ifndef XFBLAS_REGISTER_MODEL_H
#define XFBLAS_REGISTER_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfblas_register_model xfblas_register_model;

/* What goes wrong, for tests. */
enum xfblas_model_fault {
  XFBLAS_FAULT_NONE = 0,
  XFBLAS_FAULT_NEVER_DONE = 1, /* the run ends without a sign of it */
  XFBLAS_FAULT_HANGS = 2,      /* the kernel never becomes idle */
  XFBLAS_FAULT_DMA = 3,        /* the DMA reports a slave error */
  XFBLAS_FAULT_NARROW_DMA = 4  /* a DMA whose length register has 9 bits, as it can be built */
};

/* memory: `bytes` from a multiple of 4096 on, which the kernel sees at `address`.
 * Returns NULL where there is no memory for the model. */
xfblas_register_model *xfblas_model_open(void *memory, size_t bytes, uint64_t address);
void xfblas_model_close(xfblas_register_model *model);

uint32_t xfblas_model_read(xfblas_register_model *model, uint32_t offset);
void xfblas_model_write(xfblas_register_model *model, uint32_t offset, uint32_t value);
uint32_t xfblas_model_read_dma(xfblas_register_model *model, uint32_t offset);
void xfblas_model_write_dma(xfblas_register_model *model, uint32_t offset, uint32_t value);

/* Whether the interrupt line is up. */
int xfblas_model_interrupt(const xfblas_register_model *model);
/* From the next run on. */
void xfblas_model_set_fault(xfblas_register_model *model, enum xfblas_model_fault fault);
/* Runs since it was opened, and why the last one failed: "" where it did not. */
uint64_t xfblas_model_runs(const xfblas_register_model *model);
const char *xfblas_model_error(const xfblas_register_model *model);
/* 1 for the stream top, 0 for the master top. */
int xfblas_model_is_stream(void);

#ifdef __cplusplus
}
#endif

#endif
