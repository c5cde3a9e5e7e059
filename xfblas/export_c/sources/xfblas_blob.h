/* A blob: how rows become integers and back, and what lies in the kernel's memory. Little-endian.
 *
 *   header       48 words of 32 bits, below
 *   parameters   from header_bytes to image_offset: arrays that the header points to
 *   image        pages of 4096 bytes: instructions, results, weights, biases, tables
 */
#ifndef XFBLAS_BLOB_H
#define XFBLAS_BLOB_H

#include <stddef.h>
#include <stdint.h>

#define XFBLAS_BLOB_MAGIC 0x57424658u /* "XFBW" */
#define XFBLAS_BLOB_VERSION 1u
#define XFBLAS_PAGE_BYTES 4096u

#define XFBLAS_BLOB_SOFTMAX 1u  /* of the outputs, by floats */
#define XFBLAS_BLOB_WRAPS 2u    /* inputs beyond an element wrap instead of being clipped */
#define XFBLAS_BLOB_OFFSETS 4u  /* inputs have offsets */

typedef struct xfblas_header {
  uint32_t magic, version;
  uint32_t bytes;        /* of the whole blob */
  uint32_t crc;          /* CRC-32 of everything after this word */
  uint32_t header_bytes, image_offset, image_pages;
  uint32_t pages;        /* of the kernel's memory, with the rows of a run */
  uint32_t element_bytes;
  uint32_t features;     /* floats in a row */
  uint32_t inputs;       /* elements in a row of the first layer */
  uint32_t input_page, input_stride;
  uint32_t outputs;      /* floats in a row of the result */
  uint32_t output_page, output_stride;
  uint32_t rows;         /* of a run, at most */
  uint32_t instructions; /* the first in slot 1 */
  uint32_t flags;
  int32_t limit;         /* inputs are clipped to -limit .. limit */
  int32_t base;          /* of low digits; 0 where there are none */
  uint32_t scales;       /* double[features]; these and the next are offsets into the blob */
  uint32_t offsets;      /* double[features] */
  uint32_t columns;      /* int32[inputs]: f for the high digit of feature f, features + f for its
                            low one; 0 where the inputs are the features */
  uint32_t windows;      /* columns of an output, which are added up */
  int32_t join_offset;   /* and this with them */
  uint32_t out_scales;   /* float[outputs] */
  float slope;           /* of negative outputs */
  uint32_t tables;       /* float[]: what the host computes of each sum; 0 for none */
  int32_t table_first;   /* the sum that entry 0 of a table is of */
  uint32_t table_length;
  uint32_t table_places; /* uint32[outputs]: first entry of each output's table */
  uint32_t reserved[16];
} xfblas_header;

/* Whether a blob is whole and its numbers fit each other: an xfblas_status. */
int xfblas_check_blob(const void *blob, size_t size);

/* A row of floats into elements. Returns 0 where a float is not finite. */
int xfblas_encode_row(const xfblas_header *header, const float *row, void *elements);

/* A row of elements into floats. */
void xfblas_decode_row(const xfblas_header *header, const void *elements, float *row);

/* Whether this build rounds each operation by itself, as encoding and softmax need it. */
int xfblas_rounds_as_written(void);

uint32_t xfblas_crc(const unsigned char *bytes, size_t size);

#endif
