/* Rows of floats to elements and back, to the bit as the Python library has them.
 *
 * Build with -ffp-contract=off and without -ffast-math: each operation is rounded by itself.
 */
#include <string.h>

#include "xfblas_blob.h"

/* Adding 1.5 * 2^52 leaves no place for a fraction: the nearest whole number, halves to even. */
static double nearest(double value) {
  const double rounding = 6755399441055744.0;
  return (value + rounding) - rounding;
}

static double clamped(double value, double limit) {
  return value < -limit ? -limit : value > limit ? limit : value;
}

static const void *at(const xfblas_header *header, uint32_t offset) {
  return (const unsigned char *)header + offset;
}

static int is_finite(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (bits & 0x7f800000u) != 0x7f800000u;
}

static void put(void *elements, uint32_t element_bytes, uint32_t place, int32_t value) {
  if (element_bytes == 2)
    ((int16_t *)elements)[place] = (int16_t)value;
  else
    ((int8_t *)elements)[place] = (int8_t)value;
}

static int32_t get(const void *elements, uint32_t element_bytes, uint32_t place) {
  return element_bytes == 2 ? ((const int16_t *)elements)[place]
                            : ((const int8_t *)elements)[place];
}

/* As numpy converts on x86-64: by int32, which is the least one for what is beyond. */
static int32_t wrapped(double value, uint32_t element_bytes) {
  int32_t whole;
  uint32_t bits;
  if (!(value > -2147483649.0 && value < 2147483648.0)) return 0;
  value = nearest(value);
  if (value < -2147483648.0 || value >= 2147483648.0) return 0;
  whole = (int32_t)value;
  bits = (uint32_t)whole;
  if (element_bytes == 2) return (int32_t)((bits & 0xffffu) ^ 0x8000u) - 0x8000;
  return (int32_t)((bits & 0xffu) ^ 0x80u) - 0x80;
}

static double scaled(const xfblas_header *header, const float *row, uint32_t feature) {
  double value = row[feature];
  if (header->flags & XFBLAS_BLOB_OFFSETS)
    value = value - ((const double *)at(header, header->offsets))[feature];
  return value * ((const double *)at(header, header->scales))[feature];
}

static int32_t digit(const xfblas_header *header, const float *row, uint32_t column) {
  const uint32_t is_low = column >= header->features;
  const double value = scaled(header, row, is_low ? column - header->features : column);
  const double limit = header->limit;
  double high, low;
  if (header->flags & XFBLAS_BLOB_WRAPS) return wrapped(value, header->element_bytes);
  high = nearest(clamped(value, limit));
  if (!is_low) return (int32_t)high;
  low = (value - high) * header->base;
  return (int32_t)nearest(clamped(low, header->base / 2));
}

int xfblas_encode_row(const xfblas_header *header, const float *row, void *elements) {
  const int32_t *columns = header->columns ? at(header, header->columns) : NULL;
  uint32_t i;
  for (i = 0; i < header->features; ++i)
    if (!is_finite(row[i])) return 0;
  for (i = 0; i < header->inputs; ++i)
    put(elements, header->element_bytes, i,
        digit(header, row, columns ? (uint32_t)columns[i] : i));
  return 1;
}

/* e^x for x <= 0, as the library has it: 2^n * e^r by a Taylor polynomial. */
static float exponential(float x) {
  const float log2_e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  const float rounding = 12582912.0f;
  const float n = (x * log2_e + rounding) - rounding;
  const float r = (x - n * ln2_high) - n * ln2_low;
  float p = 1.0f / 5040, power;
  uint32_t bits;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1;
  p = p * r + 1;
  if (x < -87) return 0;
  bits = (uint32_t)((int32_t)n + 127) << 23;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

static void softmax(float *row, uint32_t count) {
  float largest = row[0], sum = 0;
  uint32_t i;
  for (i = 1; i < count; ++i)
    if (largest < row[i]) largest = row[i];
  for (i = 0; i < count; ++i) {
    const float below = row[i] - largest;
    row[i] = exponential(-100.0f < below ? below : -100.0f);
  }
  for (i = 0; i < count; ++i) sum += row[i];
  for (i = 0; i < count; ++i) row[i] /= sum;
}

void xfblas_decode_row(const xfblas_header *header, const void *elements, float *row) {
  const float *scales = at(header, header->out_scales);
  const uint32_t *places = header->tables ? at(header, header->table_places) : NULL;
  uint32_t i, window;
  for (i = 0; i < header->outputs; ++i) {
    int32_t sum = header->join_offset;
    for (window = 0; window < header->windows; ++window)
      sum += get(elements, header->element_bytes, window * header->outputs + i);
    if (places) {
      row[i] = ((const float *)at(header, header->tables))[places[i] + (uint32_t)(sum - header->table_first)];
      continue;
    }
    row[i] = (float)sum / scales[i];
    if (header->slope != 1 && row[i] < 0) row[i] = row[i] * header->slope;
  }
  if (header->flags & XFBLAS_BLOB_SOFTMAX) softmax(row, header->outputs);
}

/* In memory, so that the compiler knows nothing of them. */
static volatile float factor = 1.000244140625f, addend = -1.00048828125f;
static volatile double middle = 2.5;

int xfblas_rounds_as_written(void) {
  const float a = factor, b = addend, sum = a * a + b;
  return sum == 0 && nearest(middle) == 2;
}
