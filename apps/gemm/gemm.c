/* A matrix product in C: C = A*B + C with int16, on the image and target given as arguments, or on
 * the packaged image. */
#include <stdint.h>
#include <stdio.h>

#include "xfblas.h"

enum { m = 5, k = 7, n = 3 };

static int check(xfblasStatus_t status, const char *call) {
  if (status == XFBLAS_STATUS_SUCCESS) return 0;
  fprintf(stderr, "%s failed with status %d: %s\n", call, (int)status, xfblasLastError());
  return 1;
}

#define TRY(call) \
  if (check(call, #call)) return 1

int main(int argc, char **argv) {
  if (argc > 3) {
    fprintf(stderr, "usage: %s [IMAGE.xclbin [native|csim|xrt]]\n", argv[0]);
    return 2;
  }
  const char *image = argc > 1 ? argv[1] : NULL;  /* NULL is the packaged one */
  const char *target = argc > 2 ? argv[2] : NULL; /* NULL is the default, native */
  int16_t a[m][k], b[k][n], c[m][n];
  for (int i = 0; i < m; ++i)
    for (int p = 0; p < k; ++p) a[i][p] = (int16_t)(i - p);
  for (int p = 0; p < k; ++p)
    for (int j = 0; j < n; ++j) b[p][j] = (int16_t)(p * j + 1);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) c[i][j] = 100;

  /* Device memory pads by itself, so any size works on any image. */
  xfblasHandle_t device;
  void *device_a, *device_b, *device_c;
  TRY(xfblasCreate(&device, image, NULL, "Gemm", 1, target, 0));
  TRY(xfblasMalloc(device, &device_a, m, k, sizeof(int16_t), 0));
  TRY(xfblasMalloc(device, &device_b, k, n, sizeof(int16_t), 0));
  TRY(xfblasMalloc(device, &device_c, m, n, sizeof(int16_t), 0));
  TRY(xfblasSetMatrix(device, m, k, sizeof(int16_t), a, k, device_a, 0));
  TRY(xfblasSetMatrix(device, k, n, sizeof(int16_t), b, n, device_b, 0));
  TRY(xfblasSetMatrix(device, m, n, sizeof(int16_t), c, n, device_c, 0));
  TRY(xfblasGemm(device, m, n, k, 1, device_a, k, device_b, n, 1, device_c, n, 0));
  TRY(xfblasGetMatrix(device, m, n, sizeof(int16_t), device_c, c, n, 0));
  TRY(xfblasDestroy(&device));

  int wrong = 0;
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      int expected = 100;
      for (int p = 0; p < k; ++p) expected += a[i][p] * b[p][j];
      wrong += c[i][j] != expected;
    }
  printf("C product on %s: %d of %d elements are wrong\n", image ? image : "the packaged image",
         wrong, m * n);
  return wrong != 0;
}
