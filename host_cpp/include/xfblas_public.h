/* The functions of libxfblas_public.so: those that the public library's Python module calls, with
 * its names and order of arguments. A C program that has the public library's own header needs no
 * other.
 *
 * A device is known by its index instead of a handle, matrices by the host array they were sent
 * from. Every function returns 1, or 0 after a failure, whose reason it writes to stderr and
 * xfblasLastError gives; then nothing was changed. What each of them does stands in xfblas.h. The
 * target is native, or what the environment's XFBLAS_TARGET names.
 */
#ifndef XFBLAS_PUBLIC_H
#define XFBLAS_PUBLIC_H

#ifdef __cplusplus
extern "C" {
#endif

/* engineName: "Gemm", "Gemv" or "Fcn". The form of 2019 with the path of a log file behind the
 * engine, (xclbin, engineName, logFile, kernelNumber, deviceIndex), is taken as well; nothing is
 * logged. */
int xfblasCreate(const char *xclbin, const char *engineName, unsigned int kernelNumber,
                 unsigned int deviceIndex);
int xfblasDestroy(unsigned int kernelNumber, unsigned int deviceIndex);

int xfblasSend(void *A, unsigned long long numElem, int elemSize, unsigned int kernelIndex,
               unsigned int deviceIndex);
int xfblasGet(void *A, unsigned int kernelIndex, unsigned int deviceIndex);
int xfblasGetByAddress(void *A, unsigned long long bufSize, unsigned int offset,
                       unsigned int kernelIndex, unsigned int deviceIndex);
int xfblasFree(void *A, unsigned int kernelIndex, unsigned int deviceIndex);
int xfblasFreeInstr(unsigned int kernelIndex, unsigned int deviceIndex);

/* alpha and beta are 1. Where lda is n and ldb is k, n and k were given in the order (m, k, n), as
 * the Python of 2019 does; the other way round these leading dimensions would be too short. */
int xfblasGemm(int m, int n, int k, int alpha, void *A, int lda, void *B, int ldb, int beta,
               void *C, int ldc, unsigned int kernelIndex, unsigned int deviceIndex);
int xfblasGemv(int m, int n, int alpha, void *A, int lda, void *x, int incx, int beta, void *y,
               int incy, unsigned int kernelIndex, unsigned int deviceIndex);
int xfblasFcn(int m, int n, int k, int alpha, void *A, int lda, void *B, int ldb, int beta, void *C,
              int ldc, void *X, int ldx, int postScale, int postShift, short preluScale,
              short preluAlpha, unsigned int kernelIndex, unsigned int deviceIndex);
int xfblasFcnByAddress(unsigned int aOff, unsigned int bOff, unsigned int cOff, unsigned int xOff,
                       unsigned int m, unsigned int n, unsigned int k, unsigned int lda,
                       unsigned int ldb, unsigned int ldc, unsigned int ldx, int postScale,
                       int postShift, short preluScale, short preluAlpha, unsigned int kernelIndex,
                       unsigned int deviceIndex);

int xfblasExecute(unsigned int kernelIndex, unsigned int deviceIndex);
/* Runs compute units 0 .. numKernels-1 together and returns when all have ended. */
int xfblasExecuteAsync(unsigned int numKernels, unsigned int deviceIndex);

const char *xfblasVersion(void);
/* Why the last call on this thread that failed did. */
const char *xfblasLastError(void);

#ifdef __cplusplus
}
#endif

#endif
