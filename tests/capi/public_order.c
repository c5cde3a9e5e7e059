/* The public library's functions from C: a product, a layer, and wrong calls in between. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "xfblas_public.h"

enum { size = 128 };

static int16_t a[size][size], b[size][size], c[size][size];
static int32_t x[size][size];

static int failures = 0;

static void expect(const char *what, int found, int wanted) {
  if (found == wanted) return;
  printf("%s gave %d, expected %d: %s\n", what, found, wanted, xfblasLastError());
  ++failures;
}

/* C's element as Fcn has it, with sums that stay in range. */
static int layer(int i, int j) {
  int sum = x[i][j];
  for (int p = 0; p < size; ++p) sum += a[i][p] * b[p][j];
  const int t = (3 * sum) >> 4;
  return t < 0 ? 0 : t;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const char *image = argv[1];
  /* The packaged image carries no kernel, which the other targets run. */
  const int packaged_runs = strcmp(argv[2], "native") == 0;
  for (int i = 0; i < size; ++i)
    for (int j = 0; j < size; ++j) {
      a[i][j] = (int16_t)((i * 7 + j * 3) % 11 - 5), b[i][j] = (int16_t)((i + j * 5) % 9 - 4);
      c[i][j] = 100, x[i][j] = i - j;
    }
  expect("send before create", xfblasSend(a, size * size, 2, 0, 0), 0);
  expect("destroy before create", xfblasDestroy(1, 0), 0);
  expect("no image, which is the packaged one", xfblasCreate(NULL, "Fcn", 1, 0), packaged_runs);
  expect("destroy the packaged one", xfblasDestroy(1, 0), packaged_runs);
  expect("no engine", xfblasCreate(image, NULL, 1, 0), 0);
  expect("no compute units", xfblasCreate(image, "Fcn", 0, 0), 0);
  /* The form of 2019, through its own declaration. */
  int (*create)(const char *, const char *, const char *, unsigned, unsigned) =
      (int (*)(const char *, const char *, const char *, unsigned, unsigned))(void *)xfblasCreate;
  expect("create with a log", create(image, "Gemm", "xrt_log.txt", 1, 1), 1);
  expect("create", xfblasCreate(image, "Fcn", 1, 0), 1);
  expect("created twice", xfblasCreate(image, "Fcn", 1, 0), 0);
  expect("nothing to send", xfblasSend(NULL, size * size, 2, 0, 0), 0);
  expect("nothing to read into", xfblasGetByAddress(NULL, 8, 2, 0, 0), 0);
  expect("send A", xfblasSend(a, size * size, 2, 0, 0), 1);
  expect("send B", xfblasSend(b, size * size, 2, 0, 0), 1);
  expect("send C", xfblasSend(c, size * size, 2, 0, 0), 1);
  expect("X was not sent",
         xfblasFcn(size, size, size, 1, a, size, b, size, 1, c, size, x, size, 3, 4, 0, 0, 0, 0),
         0);
  expect("send X", xfblasSend(x, size * size, 4, 0, 0), 1);
  expect("postShift",
         xfblasFcn(size, size, size, 1, a, size, b, size, 1, c, size, x, size, 3, 256, 0, 0, 0, 0),
         0);
  expect("fcn",
         xfblasFcn(size, size, size, 1, a, size, b, size, 1, c, size, x, size, 3, 4, 0, 0, 0, 0),
         1);
  expect("get", xfblasGet(c, 0, 0), 1);
  int wrong = 0;
  for (int i = 0; i < size; ++i)
    for (int j = 0; j < size; ++j) wrong += c[i][j] != layer(i, j);
  expect("layer", wrong, 0);
  expect("nothing queued there", xfblasExecute(0, 1), 0);
  expect("send A", xfblasSend(a, size * size, 2, 0, 1), 1);
  expect("send B", xfblasSend(b, size * size, 2, 0, 1), 1);
  expect("send C", xfblasSend(c, size * size, 2, 0, 1), 1);
  expect("gemm", xfblasGemm(size, size, size, 1, a, size, b, size, 1, c, size, 0, 1), 1);
  expect("execute", xfblasExecuteAsync(1, 1), 1);
  static int16_t found[size][size];
  expect("by address", xfblasGetByAddress(found, sizeof found, 2 + 2 * 8, 0, 1), 1);
  for (int i = 0; i < size; ++i)
    for (int j = 0; j < size; ++j) {
      int sum = c[i][j];
      for (int p = 0; p < size; ++p) sum += a[i][p] * b[p][j];
      wrong += found[i][j] != (int16_t)sum;
    }
  expect("product", wrong, 0);
  expect("free", xfblasFree(a, 0, 1), 1);
  expect("freed twice", xfblasFree(a, 0, 1), 0);
  expect("destroy", xfblasDestroy(1, 1), 1);
  expect("destroy", xfblasDestroy(1, 0), 1);
  expect("destroyed twice", xfblasDestroy(1, 0), 0);
  if (strlen(xfblasVersion()) == 0) ++failures;
  return failures != 0;
}
