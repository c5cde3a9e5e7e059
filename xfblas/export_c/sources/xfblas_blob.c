/* Whether a blob may be believed: its bytes by a checksum, then every number by the others. */
#include "xfblas_blob.h"

#include "xfblas_model.h"

typedef char xfblas_header_has_48_words[sizeof(xfblas_header) == 192 ? 1 : -1];

uint32_t xfblas_crc(const unsigned char *bytes, size_t size) {
  static const uint32_t table[16] = {
      0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u,
      0x4db26158u, 0x5005713cu, 0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu,
      0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu};
  uint32_t crc = 0xffffffffu;
  size_t i;
  for (i = 0; i < size; ++i) {
    crc ^= bytes[i];
    crc = (crc >> 4) ^ table[crc & 15];
    crc = (crc >> 4) ^ table[crc & 15];
  }
  return ~crc;
}

/* Whether `count` numbers lie between the header and the image, at a multiple of their size. */
static int holds(const xfblas_header *h, uint32_t offset, uint64_t count, uint32_t size) {
  return offset >= h->header_bytes && offset % size == 0 &&
         offset + count * size <= h->image_offset;
}

/* Whether the rows of a run lie behind the image and within the memory. */
static int fits(const xfblas_header *h, uint32_t page, uint32_t stride, uint64_t width) {
  const uint64_t bytes = (uint64_t)h->rows * stride * h->element_bytes;
  const uint64_t pages = (bytes + XFBLAS_PAGE_BYTES - 1) / XFBLAS_PAGE_BYTES;
  return stride >= width && page >= h->image_pages && page + pages <= h->pages;
}

/* Loads stop where a number in an array points beyond what there is. */
static int has_right_columns(const xfblas_header *h) {
  const int32_t *columns = (const int32_t *)((const unsigned char *)h + h->columns);
  const uint32_t digits = h->base ? 2 * h->features : h->features;
  uint32_t i;
  if (h->columns == 0) return h->inputs == h->features;
  for (i = 0; i < h->inputs; ++i)
    if (columns[i] < 0 || (uint32_t)columns[i] >= digits) return 0;
  return 1;
}

static int has_right_tables(const xfblas_header *h) {
  const uint32_t *places = (const uint32_t *)((const unsigned char *)h + h->table_places);
  const uint32_t half = h->element_bytes == 2 ? 32768u : 128u;
  const int64_t first = (int64_t)h->join_offset - (int64_t)h->windows * half;
  uint32_t i;
  if (h->tables == 0) return 1;
  if (h->table_first != first || h->table_length != h->windows * (2 * half - 1) + 1) return 0;
  if (!holds(h, h->table_places, h->outputs, 4)) return 0;
  for (i = 0; i < h->outputs; ++i)
    if (!holds(h, h->tables, (uint64_t)places[i] + h->table_length, 4)) return 0;
  return 1;
}

/* Numbers that are neither infinite nor none. What a float is divided by is above 0. */
static int has_right_scales(const xfblas_header *h) {
  const double *scales = (const double *)(const void *)((const char *)h + h->scales);
  const double *offsets = (const double *)(const void *)((const char *)h + h->offsets);
  const float *out = (const float *)(const void *)((const char *)h + h->out_scales);
  uint32_t i;
  for (i = 0; i < h->features; ++i) {
    if (!(scales[i] - scales[i] == 0)) return 0;
    if ((h->flags & XFBLAS_BLOB_OFFSETS) && !(offsets[i] - offsets[i] == 0)) return 0;
  }
  for (i = 0; i < h->outputs; ++i)
    if (!(out[i] > 0 && out[i] - out[i] == 0)) return 0;
  return h->slope - h->slope == 0;
}

int xfblas_check_blob(const void *blob, size_t size) {
  const xfblas_header *h = (const xfblas_header *)blob;
  if (blob == NULL) return XFBLAS_ERROR_ARGUMENT;
  if ((uintptr_t)blob % 8 != 0) return XFBLAS_ERROR_ALIGNMENT;
  if (size < sizeof *h) return XFBLAS_ERROR_SIZE;
  if (h->magic != XFBLAS_BLOB_MAGIC) return XFBLAS_ERROR_MAGIC;
  if (h->version != XFBLAS_BLOB_VERSION) return XFBLAS_ERROR_VERSION;
  if (h->bytes != size) return XFBLAS_ERROR_SIZE;
  if (xfblas_crc((const unsigned char *)blob + 16, size - 16) != h->crc) return XFBLAS_ERROR_CRC;

  if (h->header_bytes != sizeof *h || h->image_offset < h->header_bytes ||
      h->image_offset % 8 != 0 ||
      (uint64_t)h->image_offset + (uint64_t)h->image_pages * XFBLAS_PAGE_BYTES != size)
    return XFBLAS_ERROR_CONTENT;
  if ((h->element_bytes != 1 && h->element_bytes != 2) || h->features == 0 || h->inputs == 0 ||
      h->outputs == 0 || h->rows == 0 || h->rows > 65536 || h->windows == 0 ||
      h->windows > 4096 || h->outputs > (1u << 24) || h->inputs > (1u << 24) ||
      h->features > (1u << 24))
    return XFBLAS_ERROR_CONTENT;
  if (h->instructions == 0 || h->instructions > 62 || h->image_pages < 2 ||
      h->image_pages > h->pages || h->limit < 1 || h->limit > (h->element_bytes == 2 ? 32767 : 127) ||
      h->base < 0 || h->base > 65534 || h->join_offset > (1 << 30) ||
      h->join_offset < -(1 << 30))
    return XFBLAS_ERROR_CONTENT;
  if (!fits(h, h->input_page, h->input_stride, h->inputs) ||
      !fits(h, h->output_page, h->output_stride, (uint64_t)h->windows * h->outputs))
    return XFBLAS_ERROR_CONTENT;
  if (!holds(h, h->scales, h->features, 8) || !holds(h, h->out_scales, h->outputs, 4) ||
      ((h->flags & XFBLAS_BLOB_OFFSETS) && !holds(h, h->offsets, h->features, 8)) ||
      (h->columns && !holds(h, h->columns, h->inputs, 4)))
    return XFBLAS_ERROR_CONTENT;
  if (!has_right_scales(h) || !has_right_columns(h) || !has_right_tables(h))
    return XFBLAS_ERROR_CONTENT;
  return XFBLAS_OK;
}
