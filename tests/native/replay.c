/* Layers and predictions of a file again, on this machine: the bytes must be those of the file.
 *
 *   replay <image> <file>
 *
 * The file holds, little-endian: a count, then of each layer m, k, n, flags, postScale, postShift,
 * preluScale, preluAlpha (int32) and A (m, k), B (k, n) int16, X (n) int32, C (m, n) int16. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfblas.h"

static xfblasHandle_t device;

static void require(xfblasStatus_t status) {
  if (status == XFBLAS_STATUS_SUCCESS) return;
  printf("status %d: %s\n", (int)status, xfblasLastError());
  exit(1);
}

static void *take(FILE *file, size_t bytes) {
  void *found = malloc(bytes);
  if (found == NULL || fread(found, 1, bytes, file) != bytes) {
    puts("the file ended");
    exit(1);
  }
  return found;
}

static void *sent(const void *values, int rows, int columns, int size) {
  void *place = NULL;
  require(xfblasMalloc(device, &place, rows, columns, size, 0));
  if (values != NULL) require(xfblasSetMatrix(device, rows, columns, size, values, columns, place, 0));
  return place;
}

static int replay(FILE *file) {
  int32_t *s = take(file, 8 * sizeof *s);
  const int m = s[0], k = s[1], n = s[2];
  int16_t *a = take(file, (size_t)m * k * 2), *b = take(file, (size_t)k * n * 2);
  int32_t *x = take(file, (size_t)n * 4);
  int16_t *c = take(file, (size_t)m * n * 2), *found = calloc((size_t)m * n, 2);
  void *places[4];
  int i, wrong;
  places[0] = sent(a, m, k, 2), places[1] = sent(b, k, n, 2);
  places[2] = sent(x, 1, n, 4), places[3] = sent(NULL, m, n, 2);
  require(xfblasFcn(device, m, n, k, 1, places[0], k, places[1], n, 1, places[3], n, places[2], n,
                    s[4], s[5], s[6], s[7], (unsigned)s[3], 0));
  require(xfblasGetMatrix(device, m, n, 2, places[3], found, n, 0));
  wrong = memcmp(found, c, (size_t)m * n * 2) != 0;
  if (wrong) printf("%d x %d x %d: other bytes\n", m, k, n);
  require(xfblasFreeInstr(device, 0));
  for (i = 0; i < 4; ++i) require(xfblasFree(device, places[i], 0));
  free(s), free(a), free(b), free(x), free(c), free(found);
  return wrong;
}

int main(int count, char **arguments) {
  FILE *file = count == 3 ? fopen(arguments[2], "rb") : NULL;
  int32_t *layers;
  int i, wrong = 0;
  if (file == NULL) return 2;
  require(xfblasCreate(&device, arguments[1], NULL, "Fcn", 1, "native", 0));
  layers = take(file, sizeof *layers);
  for (i = 0; i < *layers; ++i) wrong += replay(file);
  printf("%d of %d layers differ\n", wrong, (int)*layers);
  require(xfblasDestroy(&device));
  free(layers);
  fclose(file);
  return wrong != 0;
}
