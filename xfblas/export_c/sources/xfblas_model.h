/* A model of xfblas in C99: predictions by the Fcn kernel of an FPGA, with weights to be loaded.
 *
 *   static xfblas_context model;
 *   int status = xfblas_init(&model, &platform, xfblas_blob, xfblas_blob_size);
 *   if (status == XFBLAS_OK) status = xfblas_predict(&model, rows, count, results);
 *   if (status != XFBLAS_OK) puts(xfblas_error_text(status));
 *
 * Nothing is allocated: what a model needs is in its context and in the platform's memory, which
 * is used in two halves. A blob is copied, and may go once a call has returned.
 *
 * xfblas_load_weights fills the half that is not in use, and the next prediction takes it as a
 * whole: every prediction, however many rows it has, sees old or new weights and never both.
 * It may be called from another thread or from an interrupt while a prediction runs. Predictions
 * of one context do not run at once; the second is told XFBLAS_ERROR_BUSY.
 */
#ifndef XFBLAS_MODEL_H
#define XFBLAS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "xfblas_platform.h"
#include "xfblas_sizes.h"

#ifdef __cplusplus
extern "C" {
#endif

enum xfblas_status {
  XFBLAS_OK = 0,
  XFBLAS_ERROR_ARGUMENT = 1,     /* a pointer is NULL */
  XFBLAS_ERROR_ALIGNMENT = 2,    /* floats or blobs at an address that is no multiple of 4, of 8 */
  XFBLAS_ERROR_NOT_READY = 3,    /* no weights were loaded */
  XFBLAS_ERROR_BUSY = 4,         /* another prediction runs, or both halves are in use */
  XFBLAS_ERROR_MAGIC = 5,        /* no blob of xfblas */
  XFBLAS_ERROR_VERSION = 6,      /* a blob of another version */
  XFBLAS_ERROR_SIZE = 7,         /* a blob cut short or too long */
  XFBLAS_ERROR_CRC = 8,          /* a blob with another content than it was written with */
  XFBLAS_ERROR_CONTENT = 9,      /* a blob whose numbers contradict each other */
  XFBLAS_ERROR_SHAPE = 10,       /* a blob of a model with other inputs, outputs or elements */
  XFBLAS_ERROR_MEMORY = 11,      /* a blob that needs more memory than there is */
  XFBLAS_ERROR_NOT_FINITE = 12,  /* an input is infinite or no number */
  XFBLAS_ERROR_TIMEOUT = 13,     /* the kernel did not end in time */
  XFBLAS_ERROR_KERNEL = 14,      /* the kernel refused an instruction */
  XFBLAS_ERROR_DMA = 15,         /* the DMA of a stream top failed */
  XFBLAS_ERROR_PLATFORM = 16,    /* no device, or no memory for it */
  XFBLAS_ERROR_ARITHMETIC = 17   /* built with options that change how floats are rounded */
};

typedef struct xfblas_context {
  const xfblas_platform *platform;
  uint32_t timeout;           /* microseconds that a run may take; set it after xfblas_init */
  uint32_t kernel_status;     /* what the kernel said of the instruction that it refused */
  uint32_t failed_instruction;
  uint64_t busy_microseconds; /* from start to done, added up over predictions */
  uint64_t flush_microseconds;
  /* The rest is the library's own. */
  int active, in_use, running, loading, is_stuck;
  size_t bank_bytes;
  union {
    double alignment;
    unsigned char bytes[XFBLAS_PARAMETER_BYTES];
  } parameters[2];
} xfblas_context;

/* Makes a context ready, with the weights of a blob.
 * The platform must live as long as the context does. */
int xfblas_init(xfblas_context *context, const xfblas_platform *platform, const void *blob,
                size_t size);

/* n rows of XFBLAS_FEATURES floats at x give n rows of XFBLAS_OUTPUTS floats at y.
 * After an error y is undefined. */
int xfblas_predict(xfblas_context *context, const float *x, size_t n, float *y);

/* Other weights of the same model, for predictions that begin from now on. After an error the
 * weights are those of before. */
int xfblas_load_weights(xfblas_context *context, const void *blob, size_t size);

/* A sentence; never NULL. */
const char *xfblas_error_text(int status);

/* What main.c checks with: the largest number of rows of one run. */
uint32_t xfblas_rows_of_a_run(const xfblas_context *context);

#ifdef __cplusplus
}
#endif

#endif
