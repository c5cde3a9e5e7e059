/* Misuses the C interface in every way that a status names; the same device then works. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "xfblas.h"

static int failures = 0;

static void expect(const char *what, xfblasStatus_t found, xfblasStatus_t wanted,
                   const char *word) {
  const char *text = found == XFBLAS_STATUS_SUCCESS ? "" : xfblasLastError();
  if (found == wanted && strstr(text, word)) return;
  printf("%s: status %d, expected %d; text '%s' should hold '%s'\n", what, (int)found, (int)wanted,
         text, word);
  ++failures;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const char *plain = argv[1], *padded = argv[2], *target = argv[3];
  int16_t a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, 0, 0, 1, 1, 1}, c[4] = {0};
  int32_t x[2] = {10, 20};
  xfblasHandle_t none = NULL, device = NULL, other = NULL;

  expect("create without a place", xfblasCreate(NULL, plain, NULL, "Fcn", 1, target, 0),
         XFBLAS_STATUS_INVALID_VALUE, "handle");
  expect("no such file", xfblasCreate(&none, "missing.xclbin", NULL, "Fcn", 1, target, 0),
         XFBLAS_STATUS_IMAGE_INVALID, "missing.xclbin");
  expect("a file that is no image", xfblasCreate(&none, argv[0], NULL, "Fcn", 1, target, 0),
         XFBLAS_STATUS_IMAGE_INVALID, "xclbin2");
  expect("unknown engine", xfblasCreate(&none, plain, NULL, "Spmv", 1, target, 0),
         XFBLAS_STATUS_INVALID_VALUE, "Spmv");
  expect("unknown target", xfblasCreate(&none, plain, NULL, "Fcn", 1, "gpu", 0),
         XFBLAS_STATUS_NOT_SUPPORTED, "gpu");
  expect("too many units", xfblasCreate(&none, plain, NULL, "Fcn", 99, target, 0),
         XFBLAS_STATUS_INVALID_VALUE, "99");
  expect("no such device", xfblasCreate(&none, plain, NULL, "Fcn", 1, target, 999),
         XFBLAS_STATUS_INVALID_VALUE, "999");
  expect("no BDF", xfblasCreateByBdf(&none, plain, NULL, "Fcn", 1, target, NULL),
         XFBLAS_STATUS_INVALID_VALUE, "bdf is NULL");
  expect("half a BDF", xfblasCreateByBdf(&none, plain, NULL, "Fcn", 1, target, "65:00"),
         XFBLAS_STATUS_INVALID_VALUE, "bdf is '65:00'");
  expect("a BDF where no cards are",
         xfblasCreateByBdf(&none, plain, NULL, "Fcn", 1, target, "65:00.1"),
         XFBLAS_STATUS_NOT_SUPPORTED, "0000:65:00.1");
  expect("not created", xfblasExecute(none, 0), XFBLAS_STATUS_NOT_INITIALIZED, "handle");
  expect("destroyed before created", xfblasDestroy(&none), XFBLAS_STATUS_NOT_INITIALIZED, "handle");

  expect("create", xfblasCreate(&device, plain, NULL, "Fcn", 0, target, 0), XFBLAS_STATUS_SUCCESS,
         "");
  expect("a second device", xfblasCreate(&other, padded, NULL, "Fcn", 0, target, 1),
         XFBLAS_STATUS_SUCCESS, "");
  expect("unit out of range", xfblasExecute(device, 7), XFBLAS_STATUS_INVALID_VALUE,
         "kernelIndex is 7");
  expect("nothing queued", xfblasExecute(device, 0), XFBLAS_STATUS_INVALID_VALUE, "queued");
  expect("nothing to start", xfblasExecuteAsync(device, 2), XFBLAS_STATUS_INVALID_VALUE, "queued");
  expect("never sent", xfblasFcn(device, 2, 2, 3, 1, a, 3, b, 2, 1, c, 2, x, 2, 1, 0, 1, 0, 0, 0),
         XFBLAS_STATUS_NOT_FOUND, "A is not on compute unit 0");
  expect("never sent", xfblasGet(device, a, 0), XFBLAS_STATUS_NOT_FOUND, "never sent");
  expect("element size", xfblasSend(device, a, 6, 8, 0), XFBLAS_STATUS_INVALID_VALUE,
         "elemSize is 8");
  expect("no elements", xfblasSend(device, a, 0, 2, 0), XFBLAS_STATUS_INVALID_VALUE, "numElem");
  expect("far too many", xfblasSend(device, a, ~0ull, 2, 0), XFBLAS_STATUS_INVALID_VALUE,
         "numElem");
  expect("more than the memory", xfblasSend(device, a, 1ull << 60, 2, 0),
         XFBLAS_STATUS_ALLOC_FAILED, "larger than");

  expect("send", xfblasSend(device, a, 6, 2, 0), XFBLAS_STATUS_SUCCESS, "");
  expect("send", xfblasSend(device, b, 6, 2, 0), XFBLAS_STATUS_SUCCESS, "");
  expect("send", xfblasSend(device, c, 4, 2, 0), XFBLAS_STATUS_SUCCESS, "");
  expect("send", xfblasSend(device, x, 2, 4, 0), XFBLAS_STATUS_SUCCESS, "");
#define FCN(m, n, k, lda, scale, shift, prelu, alpha, flags) \
  xfblasFcn(device, m, n, k, 1, a, lda, b, 2, 1, c, 2, x, 2, scale, shift, prelu, alpha, flags, 0)
  expect("m is 0", FCN(0, 2, 3, 3, 1, 0, 1, 0, 4), XFBLAS_STATUS_INVALID_VALUE, "m is 0");
  expect("short lda", FCN(2, 2, 3, 2, 1, 0, 1, 0, 4), XFBLAS_STATUS_INVALID_VALUE,
         "leading dimension of A is 2");
  expect("negative lda", FCN(2, 2, 3, -3, 1, 0, 1, 0, 4), XFBLAS_STATUS_INVALID_VALUE,
         "leading dimension");
  expect("too many rows", FCN(3, 2, 3, 3, 1, 0, 1, 0, 4), XFBLAS_STATUS_INVALID_VALUE,
         "A was sent with 12 bytes");
  expect("X too small", FCN(2, 2, 3, 3, 1, 0, 1, 0, 0), XFBLAS_STATUS_INVALID_VALUE,
         "X was sent with 8 bytes");
  expect("postScale", FCN(2, 2, 3, 3, 65536, 0, 1, 0, 4), XFBLAS_STATUS_INVALID_VALUE,
         "postScale is 65536");
  expect("postShift", FCN(2, 2, 3, 3, 1, 256, 1, 0, 4), XFBLAS_STATUS_INVALID_VALUE,
         "postShift is 256");
  expect("preluScale", FCN(2, 2, 3, 3, 1, 0, 512, 0, 4), XFBLAS_STATUS_INVALID_VALUE,
         "preluScale is 512");
  expect("preluAlpha", FCN(2, 2, 3, 3, 1, 0, 1, 32, 4), XFBLAS_STATUS_INVALID_VALUE,
         "preluAlpha is 32");
  expect("flags", FCN(2, 2, 3, 3, 1, 0, 1, 0, 8), XFBLAS_STATUS_INVALID_VALUE, "flags is 8");
  expect("C is A", xfblasFcn(device, 2, 2, 2, 1, a, 3, b, 2, 1, a, 3, x, 2, 1, 0, 1, 0, 4, 0),
         XFBLAS_STATUS_INVALID_VALUE, "overlaps");
  expect("another engine", xfblasGemm(device, 2, 2, 3, 1, a, 3, b, 2, 1, c, 2, 0),
         XFBLAS_STATUS_NOT_SUPPORTED, "Gemm");
  expect("alpha", xfblasFcn(device, 2, 2, 3, 2, a, 3, b, 2, 1, c, 2, x, 2, 1, 0, 1, 0, 4, 0),
         XFBLAS_STATUS_NOT_SUPPORTED, "alpha is 2");
  expect("offset of the instructions",
         xfblasFcnByAddress(device, 1, 3, 4, 5, 2, 2, 3, 3, 2, 2, 2, 1, 0, 1, 0, 4, 0),
         XFBLAS_STATUS_INVALID_VALUE, "offset of A is page 1");
  expect("offset outside",
         xfblasFcnByAddress(device, 2, 3, 4000000000u, 5, 2, 2, 3, 3, 2, 2, 2, 1, 0, 1, 0, 4, 0),
         XFBLAS_STATUS_INVALID_VALUE, "offset of C");
  expect("runs into a neighbour",
         xfblasFcnByAddress(device, 2, 3, 6, 5, 2000, 2, 3, 3, 2, 2, 2, 1, 0, 1, 0, 4, 0),
         XFBLAS_STATUS_INVALID_VALUE, "run into");
  expect("read outside", xfblasGetByAddress(device, c, ~0ull, 4, 0), XFBLAS_STATUS_INVALID_VALUE,
         "bufSize");
  expect("read the instructions", xfblasGetByAddress(device, c, 8, 0, 0),
         XFBLAS_STATUS_INVALID_VALUE, "offset is page 0");
  expect("not padded", xfblasMallocRestricted(other, 2, 3, 2, a, 3, 0), XFBLAS_STATUS_NOT_PADDED,
         "128");

  /* After all that the device computes. */
  expect("fcn", FCN(2, 2, 3, 3, 1, 0, 1, 0, 4), XFBLAS_STATUS_SUCCESS, "");
  expect("get", xfblasGet(device, c, 0), XFBLAS_STATUS_SUCCESS, "");
  const int16_t expected[4] = {14, 25, 20, 31};
  if (memcmp(c, expected, sizeof c) != 0) {
    printf("C is %d %d %d %d, expected 14 25 20 31\n", c[0], c[1], c[2], c[3]);
    ++failures;
  }
  expect("free", xfblasFree(device, a, 0), XFBLAS_STATUS_SUCCESS, "");
  expect("freed twice", xfblasFree(device, a, 0), XFBLAS_STATUS_NOT_FOUND, "freed already");
  expect("execute what was freed", xfblasExecute(device, 0), XFBLAS_STATUS_NOT_FOUND, "freed");
  expect("destroy", xfblasDestroy(&device), XFBLAS_STATUS_SUCCESS, "");
  expect("destroyed twice", xfblasDestroy(&device), XFBLAS_STATUS_NOT_INITIALIZED, "handle");
  expect("used after destroy", xfblasSend(device, a, 6, 2, 0), XFBLAS_STATUS_NOT_INITIALIZED,
         "handle");

  /* And the other one was not touched. */
  xfblasInfo_t info;
  expect("the other device", xfblasGetInfo(other, &info), XFBLAS_STATUS_SUCCESS, "");
  if (info.mPadding != 128 || strcmp(info.target, target) != 0) ++failures;
  expect("destroy the other", xfblasDestroy(&other), XFBLAS_STATUS_SUCCESS, "");
  return failures != 0;
}
