/* Predicts the vectors of data.h and compares every bit: PASS or FAIL.
 *
 * With a file of another blob (a hosted program's first argument, and its vectors as the second)
 * it loads these weights into the running model, and predicts again.
 */
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "xfblas_model.h"

#ifndef XFBLAS_BARE_METAL
#include <stdlib.h>
#endif

static xfblas_context context;

/* Of data.h's rows, and the same of a file: rows, then what is expected, as floats. */
static int compare(const char *what, const float *rows, size_t count, const float *expected,
                   float *found) {
  const uint64_t busy = context.busy_microseconds;
  const uint64_t begin = context.platform->now(context.platform->self);
  const int status = xfblas_predict(&context, rows, count, found);
  const uint64_t all = context.platform->now(context.platform->self) - begin;
  size_t i, wrong = 0;
  if (status != XFBLAS_OK) {
    printf("%s: error %d, %s\nFAIL\n", what, status, xfblas_error_text(status));
    if (status == XFBLAS_ERROR_KERNEL)
      printf("kernel status %lu at instruction %lu\n", (unsigned long)context.kernel_status,
             (unsigned long)context.failed_instruction);
    return 1;
  }
  for (i = 0; i < count * XFBLAS_OUTPUTS; ++i)
    wrong += memcmp(&found[i], &expected[i], sizeof found[i]) != 0;
  printf("%s: %lu rows, %lu of %lu values differ\n", what, (unsigned long)count,
         (unsigned long)wrong, (unsigned long)(count * XFBLAS_OUTPUTS));
  printf("time per inference: %.3f us, of which the kernel %.3f us\n", (double)all / (double)count,
         (double)(context.busy_microseconds - busy) / (double)count);
  printf("%s\n", wrong ? "FAIL" : "PASS");
  return wrong != 0;
}

#ifndef XFBLAS_BARE_METAL
static void *contents(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  long end = -1;
  void *bytes = NULL;
  if (file != NULL && fseek(file, 0, SEEK_END) == 0) end = ftell(file);
  if (end >= 0 && fseek(file, 0, SEEK_SET) == 0) bytes = malloc((size_t)end + 1);
  if (bytes != NULL && fread(bytes, 1, (size_t)end, file) != (size_t)end) {
    free(bytes);
    bytes = NULL;
  }
  if (bytes == NULL) perror(path);
  if (file != NULL) fclose(file);
  *size = end < 0 ? 0 : (size_t)end;
  return bytes;
}

static int load_and_compare(const char *blob_path, const char *vectors_path) {
  size_t blob_size = 0, vectors_size = 0, rows;
  void *blob = contents(blob_path, &blob_size);
  float *vectors = blob ? (float *)contents(vectors_path, &vectors_size) : NULL, *found = NULL;
  int status, failed = 1;
  if (vectors != NULL) {
    rows = vectors_size / (sizeof(float) * (XFBLAS_FEATURES + XFBLAS_OUTPUTS));
    found = (float *)malloc(sizeof(float) * XFBLAS_OUTPUTS * (rows + 1));
    status = xfblas_load_weights(&context, blob, blob_size);
    if (status != XFBLAS_OK)
      printf("%s: error %d, %s\nFAIL\n", blob_path, status, xfblas_error_text(status));
    else if (rows == 0 || found == NULL)
      printf("%s: no rows\nFAIL\n", vectors_path);
    else
      failed = compare(blob_path, vectors, rows, vectors + rows * XFBLAS_FEATURES, found);
  }
  free(found);
  free(vectors);
  free(blob);
  return failed;
}
#endif

int main(int count, char **arguments) {
  static float found[N_SAMPLES * XFBLAS_OUTPUTS];
  static xfblas_platform platform;
  int failed = 1, status = xfblas_platform_open(&platform);
  if (status == XFBLAS_OK) status = xfblas_init(&context, &platform, xfblas_blob, xfblas_blob_size);
  if (status != XFBLAS_OK)
    printf("error %d, %s\nFAIL\n", status, xfblas_error_text(status));
  else
    failed = compare("data.h", data_X_inputs, N_SAMPLES, data_y_hls_outputs, found);
#ifndef XFBLAS_BARE_METAL
  if (!failed && count == 3) failed = load_and_compare(arguments[1], arguments[2]);
  if (count != 1 && count != 3) {
    fprintf(stderr, "usage: %s [weights.bin vectors.bin]\n", arguments[0]);
    failed = 1;
  }
#else
  (void)count, (void)arguments;
#endif
  xfblas_platform_close(&platform);
  return failed;
}
