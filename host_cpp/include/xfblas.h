/* The C interface of xfblas: what C and C++ programs link with, and what Python reads.
 *
 * `make lib` builds lib/libxfblas.so and lib/pkgconfig/xfblas.pc, `make install PREFIX=...` copies
 * them: cc program.c $(pkg-config --cflags --libs xfblas), which says -lxfblas.
 *
 * A handle stands for one opened device: an image, one engine of it, and that engine's compute
 * units. Handles share nothing; any number may be open at once, also on one device index.
 * Every function that takes a kernelIndex works on that compute unit alone; calls on different
 * compute units run at the same time, calls on one wait for each other.
 *
 * Every function returns a status. Where it is not SUCCESS nothing was changed, and
 * xfblasLastError() tells in words which argument was wrong, its value and what was expected.
 *
 * Matrices are row-major and are named by a pointer: either the host array they were sent from
 * (xfblasSend, xfblasMallocRestricted), whose shape must then be padded as the image needs it,
 * or the device pointer that xfblasMalloc gave, which pads by itself.
 */
#ifndef XFBLAS_H
#define XFBLAS_H

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  XFBLAS_STATUS_SUCCESS = 0,
  XFBLAS_STATUS_NOT_INITIALIZED = 1,
  XFBLAS_STATUS_INVALID_VALUE = 2,
  XFBLAS_STATUS_ALLOC_FAILED = 3,
  XFBLAS_STATUS_NOT_SUPPORTED = 4,
  XFBLAS_STATUS_NOT_PADDED = 5,
  XFBLAS_STATUS_NOT_FOUND = 6,
  XFBLAS_STATUS_QUEUE_FULL = 7,
  XFBLAS_STATUS_IMAGE_INVALID = 8,
  XFBLAS_STATUS_EXECUTION_FAILED = 9,
  XFBLAS_STATUS_INTERNAL = 11
} xfblasStatus_t;

/* Flags of xfblasFcn and xfblasFcnByAddress; 0 is the plain arithmetic: floor and wrap, PReLU.
 * With TANH or SIGMOID instead of PReLU, bits 16 to 23 of the flags are the fraction bits of the
 * function's argument, bits 24 to 31 those of its result. With TABLE, which xfblasFcnTable and the
 * layers of xfblasPredict take, bits 16 to 31 are the groups of the table. */
typedef enum {
  XFBLAS_FLAG_ROUND = 1,
  XFBLAS_FLAG_SATURATE = 2,
  XFBLAS_FLAG_BIAS_ROW = 4,
  XFBLAS_FLAG_TANH = 256,
  XFBLAS_FLAG_SIGMOID = 512,
  XFBLAS_FLAG_TABLE = 768
} xfblasFlag_t;

typedef struct xfblasDevice *xfblasHandle_t;

/* What an open device is; texts end with a zero. */
typedef struct {
  char target[16];
  char engine[8];
  char dataType[8];
  char platform[64];
  char uuid[40];
  char bdf[16];             /* of a card; empty where it has none, or XRT does not show it */
  unsigned int deviceIndex; /* as it was given; 0 where bdf was */
  unsigned int numKernels;
  unsigned int elementBytes;
  unsigned int addendBytes;
  unsigned int mPadding;
  unsigned int kPadding;
  unsigned int nPadding;
  unsigned int chainPadding;
  unsigned int instructionsPerLaunch;
  unsigned long long memoryBytes;
  /* 1 where Fcn takes one row of X for all of C, as with XFBLAS_FLAG_BIAS_ROW. */
  unsigned int xIsRow;
} xfblasInfo_t;

/* The sizes of an engine that its speed follows from; see hw/include/xfblas/cycle_model.hpp. */
typedef struct {
  unsigned int wordElements, addendElements;
  unsigned int arrayRows, arrayColumns, tileRows, tileColumns, chunk;
  unsigned int vectorRows, vectorChunk, updateInterval, burstCycles, memoryLatency;
} xfblasMachine_t;

/* Cycles of one instruction, and how long each of its parts alone would take. */
typedef struct {
  unsigned long long total, compute, memory, drain, launch;
} xfblasCycles_t;

const char *xfblasVersion(void);
const char *xfblasLastError(void);

/* xclbin: path of an image, or NULL for the packaged int16 one, default_short.xclbin, whose engines
 * run on target "native". Beside it lie default_int8.xclbin and default_float.xclbin: in
 * xfblas/images of the source tree and of the Python package, in share/xfblas/images where
 * `make install` put them; `pkg-config --variable=imagedir xfblas` names the folder.
 * config: path of config_info.dat, or NULL to take what the image carries or what lies beside it.
 * engine: "Gemm", "Gemv" or "Fcn". numKernels: compute units to open, 0 for all of the image.
 * target: "native", "csim" or "xrt"; NULL for the default, native. On success *handle
 * is the new device. */
xfblasStatus_t xfblasCreate(xfblasHandle_t *handle, const char *xclbin, const char *config,
                            const char *engine, unsigned int numKernels, const char *target,
                            unsigned int deviceIndex);
/* The same for a card, named by its address on the PCI bus: "0000:65:00.1", or "65:00.1" where its
 * domain is 0. */
xfblasStatus_t xfblasCreateByBdf(xfblasHandle_t *handle, const char *xclbin, const char *config,
                                 const char *engine, unsigned int numKernels, const char *target,
                                 const char *bdf);
/* Waits for what still runs, frees the device and sets *handle to NULL. */
xfblasStatus_t xfblasDestroy(xfblasHandle_t *handle);
xfblasStatus_t xfblasGetInfo(xfblasHandle_t handle, xfblasInfo_t *info);

/* Device memory that pads by itself: rows and lda are rounded up to what the image needs, the
 * padding is zero, and the operations below take the unpadded sizes and, as leading dimension of a
 * matrix of several rows, the lda given here. They may work on a part, its first m, n and k: k and
 * n then multiples of what the image pads to, and Fcn computes up to the next multiple of rows. */
xfblasStatus_t xfblasMalloc(xfblasHandle_t handle, void **devPtr, int rows, int lda, int elemSize,
                            unsigned int kernelIndex);
/* The same for a B operand that stays, such as weights: laid out as the image's array takes it
 * where target and image know that, which saves reading it row by row; then it cannot be read back.
 * On native a B of integers that is written as a whole is kept as its products take it, without its
 * rows, which come back where it is read or is anything but the whole B of a product. */
xfblasStatus_t xfblasMallocPacked(xfblasHandle_t handle, void **devPtr, int rows, int lda,
                                  int elemSize, unsigned int kernelIndex);
/* The same for the weights of a convolution over maps, whose columns are not padded there. */
xfblasStatus_t xfblasMallocPackedFilter(xfblasHandle_t handle, void **devPtr, int rows, int lda,
                                        int elemSize, unsigned int kernelIndex);
xfblasStatus_t xfblasSetMatrix(xfblasHandle_t handle, int rows, int cols, int elemSize,
                               const void *A, int lda, void *d_A, unsigned int kernelIndex);
/* What xfblasSetMatrix takes, of one of several matrices. */
typedef struct {
  void *d_A;
  const void *A;
  int rows, cols, lda, elemSize;
} xfblasUpdate_t;

/* Writes several matrices at once, such as the weights and biases of a model whose predictions run
 * in other threads: whatever else runs on the compute unit, xfblasPredict of any number of rows
 * too, sees all of them as they were or all as they are now. Where one cannot be written, none is.
 * Scales are in the layers that a caller passes: they stay, or go with matrices of their own. */
xfblasStatus_t xfblasSetMatrices(xfblasHandle_t handle, const xfblasUpdate_t *updates,
                                 unsigned int count, unsigned int kernelIndex);
/* Runs what is still queued, then copies back. */
xfblasStatus_t xfblasGetMatrix(xfblasHandle_t handle, int rows, int cols, int elemSize,
                               const void *d_A, void *A, int lda, unsigned int kernelIndex);

/* Device memory with the host array's own layout, named by the host array's address. */
xfblasStatus_t xfblasMallocRestricted(xfblasHandle_t handle, int rows, int cols, int elemSize,
                                      void *A, int lda, unsigned int kernelIndex);
xfblasStatus_t xfblasSetMatrixRestricted(xfblasHandle_t handle, void *A, unsigned int kernelIndex);
xfblasStatus_t xfblasGetMatrixRestricted(xfblasHandle_t handle, void *A, unsigned int kernelIndex);

/* Allocates where A is new or has another size than before, and copies to the device. */
xfblasStatus_t xfblasSend(xfblasHandle_t handle, void *A, unsigned long long numElem, int elemSize,
                          unsigned int kernelIndex);
/* Runs what is still queued, then copies back into A. */
xfblasStatus_t xfblasGet(xfblasHandle_t handle, void *A, unsigned int kernelIndex);
/* The same from a page offset, whether or not a matrix was allocated there. */
xfblasStatus_t xfblasGetByAddress(xfblasHandle_t handle, void *A, unsigned long long bufSize,
                                  unsigned int offset, unsigned int kernelIndex);
xfblasStatus_t xfblasGetOffset(xfblasHandle_t handle, const void *A, unsigned int *offset,
                               unsigned int kernelIndex);
xfblasStatus_t xfblasFree(xfblasHandle_t handle, void *A, unsigned int kernelIndex);
xfblasStatus_t xfblasFreeInstr(xfblasHandle_t handle, unsigned int kernelIndex);

/* Queue C = A*B + beta*C; alpha must be 1, beta 0 or 1. */
xfblasStatus_t xfblasGemm(xfblasHandle_t handle, int m, int n, int k, int alpha, const void *A,
                          int lda, const void *B, int ldb, int beta, void *C, int ldc,
                          unsigned int kernelIndex);
/* Queue y = A*x + y; alpha and beta must be 1, incx and incy 1. Vectors that xfblasMalloc gave are
 * one row; a column is taken where the image pads nothing. */
xfblasStatus_t xfblasGemv(xfblasHandle_t handle, int m, int n, int alpha, const void *A, int lda,
                          const void *x, int incx, int beta, void *y, int incy,
                          unsigned int kernelIndex);
/* Queue C = pRelu(((A*B + X) * postScale) >> postShift); X may be NULL for nothing to add. Its
 * elements are of the image's XdataType; where XVEC is 1 it is one row for all of C. */
xfblasStatus_t xfblasFcn(xfblasHandle_t handle, int m, int n, int k, int alpha, const void *A,
                         int lda, const void *B, int ldb, int beta, void *C, int ldc, const void *X,
                         int ldx, int postScale, int postShift, int preluScale, int preluAlpha,
                         unsigned int flags, unsigned int kernelIndex);
/* Queue C = f((A*B + X) * postScale >> postShift), f by a table: T is a matrix of 513 int32 that was
 * made as the others were. Entry 256 is f at 0, entries 0 and 512 those at both ends of an element's
 * range, each four times f's result and of 18 bits, of higher ones the low 18; between them lie
 * 2^groups groups of segments on either side of 0, for groups 1, 2 or 3, with linear interpolation
 * (hw/include/xfblas/entry_table.hpp). flags: ROUND, SATURATE and BIAS_ROW. */
xfblasStatus_t xfblasFcnTable(xfblasHandle_t handle, int m, int n, int k, int alpha, const void *A,
                              int lda, const void *B, int ldb, int beta, void *C, int ldc,
                              const void *X, int ldx, int postScale, int postShift, const void *T,
                              int groups, unsigned int flags, unsigned int kernelIndex);
/* The same as xfblasFcn with operands named by their page offsets; xOff 0 for nothing to add. Offsets may count
 * bytes / 4096 pages for each matrix, rounded down, as the public library's Python does, where no
 * other matrix of that size lies at the page named. */
xfblasStatus_t xfblasFcnByAddress(xfblasHandle_t handle, unsigned int aOff, unsigned int bOff,
                                  unsigned int cOff, unsigned int xOff, unsigned int m,
                                  unsigned int n, unsigned int k, unsigned int lda,
                                  unsigned int ldb, unsigned int ldc, unsigned int ldx,
                                  int postScale, int postShift, int preluScale, int preluAlpha,
                                  unsigned int flags, unsigned int kernelIndex);

/* Softmax by tables in fixed point (integer images, Fcn engine); hw/include/xfblas/softmax.hpp has
 * the formulas that these are the fields of. */
typedef enum {
  XFBLAS_SOFTMAX_STABLE = 0,
  XFBLAS_SOFTMAX_LATENCY = 1,
  XFBLAS_SOFTMAX_LEGACY = 2,
  XFBLAS_SOFTMAX_ARGMAX = 3
} xfblasSoftmaxKind_t;

typedef struct {
  int kind;    /* one of xfblasSoftmaxKind_t */
  int classes; /* 1 to 1024 */
  /* One row of int32 that xfblasMalloc gave: 2^expBits entries of the exp table, 2^invTableBits of
   * the inv table, both of 18 bits, and a multiplier of 17 bits for each class. */
  const void *parameters;
  int offset;
  int scaleShift;             /* 0 to 47 */
  int expBits, invTableBits;  /* 0 to 12 */
  int normBits, invBits;      /* of what indexes the tables: their bits to 24 */
  int accumBits;              /* 0 to 32 */
  int accumShift, invShift;   /* -20 to 47, below 0 up */
  int resultShift;            /* the same; of argmax the fraction bits of C, from 0 on */
} xfblasSoftmaxTables_t;

/* Queue C = softmax of the rows of A, which has m rows of k = classes * windows columns. Columns of
 * a C of its own padding beyond the classes become 0. */
xfblasStatus_t xfblasSoftmaxByTables(xfblasHandle_t handle, int m, int k, const void *A, int lda,
                                     const xfblasSoftmaxTables_t *tables, void *C, int ldc,
                                     unsigned int kernelIndex);

/* C = A*B on host arrays in one call, which sends, runs and reads back where the target needs that.
 * B is a host array, or NULL where d_B is the pointer that xfblasMalloc gave for a B that stays, of
 * k x n, and ldb then n.
 * Host arrays begin at a multiple of their elements' size, and C overlaps none of the others.
 * Sums wrap to the elements' size, as xfblasGemm's do. */
xfblasStatus_t xfblasMatmul(xfblasHandle_t handle, int m, int n, int k, const void *A, int lda,
                            const void *B, int ldb, const void *d_B, void *C, int ldc,
                            unsigned int kernelIndex);

/* The same for integers, with C the whole sums: of int16 48 bits, so that k is at most 131,071, and
 * of int8 32 bits. XFBLAS_STATUS_NOT_SUPPORTED where the target is not native. */
xfblasStatus_t xfblasMatmulSums(xfblasHandle_t handle, int m, int n, int k, const void *A, int lda,
                                const void *B, int ldb, const void *d_B, long long *C, int ldc,
                                unsigned int kernelIndex);

/* One layer of a chain: C = pRelu(((A*B + X) * postScale) >> postShift), A being the C before it.
 * B, X and C are pointers that xfblasMalloc gave, X of one row or NULL; n is the columns of B.
 * T is the table of a layer with XFBLAS_FLAG_TABLE, else NULL. */
typedef struct {
  const void *B;
  const void *X;
  const void *C;
  int n;
  int postScale, postShift, preluScale, preluAlpha;
  unsigned int flags;
  const void *T;
} xfblasLayer_t;

/* What xfblasPredict clamped of its input, added up over calls. */
typedef struct {
  unsigned long long rows;    /* with one value or more beyond the limit */
  unsigned long long *counts; /* such values of each feature */
  double *factors; /* how many times the limit the largest of each was, or what it held */
} xfblasClipped_t;

/* Parts of a call that are no layer. */
typedef enum {
  XFBLAS_PART_ENCODE = -1, /* rows of floats become integers */
  XFBLAS_PART_DECODE = -2, /* integers become the output */
  XFBLAS_PART_WRITE = -3, /* to the card */
  XFBLAS_PART_RUN = -4, /* all instructions of one program on the card */
  XFBLAS_PART_READ = -5 /* from the card */
} xfblasPart_t;

/* When one thread computed a part of a call for some of its rows. start and end are nanoseconds of
 * a clock that only goes forward (CLOCK_MONOTONIC on Linux). */
typedef struct {
  int part; /* number of the layer, of a softmax by tables the number of layers, or xfblasPart_t */
  unsigned int thread; /* from 0, in the order in which they came */
  unsigned long long firstRow, rows;
  unsigned long long start, end;
  long long saturated; /* elements of a layer's result at an end of its type; -1: not counted */
} xfblasSpan_t;

/* Spans of one call, in the order in which they ended. */
typedef struct {
  xfblasSpan_t *spans; /* room for capacity of them */
  unsigned long long capacity;
  unsigned long long count; /* is set to how many there were, those without room included */
} xfblasTimeline_t;

/* How rows of floats become elements of the first layer's A: a feature x is (x - offset) * scale,
 * its high digit the nearest integer to that, halves to even, clamped to +-limit; its low digit the
 * nearest integer to (feature - high) * base, clamped to +-base/2. */
typedef struct {
  unsigned int features;
  const double *scales; /* one for each feature */
  const double *offsets; /* the same, or NULL for zeros */
  int limit;
  int base; /* 0 where no low digit is used */
  /* Which digit each element is: f for the high one of feature f, features + f for its low one.
   * NULL where the elements are the features' high digits. */
  const int *columns;
  xfblasClipped_t *clipped; /* NULL where nothing shall be counted */
  xfblasTimeline_t *timeline; /* NULL where nothing shall be timed */
} xfblasCoding_t;

/* How the last layer's C becomes the output: column j is offset plus the sum of C's columns j,
 * j + columns, ... of all windows, divided by scales[j], times slope where that is negative; then
 * softmax of the row where softmax is not 0. C has columns * windows columns. */
typedef struct {
  unsigned int columns;
  const float *scales; /* one for each column of the output */
  unsigned int windows; /* 1 where C's columns are the output's; at most 4096 */
  int offset; /* at most 2^30 to either side */
  float slope; /* 1 changes nothing */
  int softmax;
  /* Softmax by tables of the last layer's C, on the engine, or NULL; its result goes to
   * probabilities, which xfblasMalloc gave, of as many columns as classes and rows as d_A has. Then
   * that is the C of what is said above. */
  const xfblasSoftmaxTables_t *tables;
  const void *probabilities;
} xfblasOutput_t;

/* The layers of a model on rows of floats, in one call (integer images, Fcn engine).
 * d_A is the first layer's matrix; its rows and those of each C say how many rows one program
 * takes, which need not be all. What these hold afterwards is not defined.
 * output is rows of outputCoding's columns, and does not overlap input.
 * A value of the input that is not finite is an error, and then output is undefined. */
xfblasStatus_t xfblasPredict(xfblasHandle_t handle, unsigned long long rows, const float *input,
                             const xfblasCoding_t *coding, const void *d_A,
                             const xfblasLayer_t *layers, unsigned int numLayers,
                             const xfblasOutput_t *outputCoding, float *output,
                             unsigned int kernelIndex);

/* How a step walks feature maps, pixels of some channels each; docs/instructions.md says what each
 * step computes. Rows come before columns. Pixels of A are pixelA elements apart, its rows and frames
 * follow each other; those of C are pixelC, rowC and frameC elements apart. So A and C may be some
 * channels of larger maps, and C may be every second pixel of every second row. */
typedef struct {
  int frames;
  int height, width, channels; /* of A's map; channels that a tap has */
  int upRows, upColumns;       /* how often each pixel counts (nearest upsampling), 1 to 255 */
  int kernelRows, kernelColumns;
  int strideRows, strideColumns;
  int dilationRows, dilationColumns;
  int padTop, padLeft; /* of the upsampled map; below 0 to crop */
  int outRows, outColumns;
  unsigned int firstA, firstC; /* elements from the beginning of the matrices A and C */
  int pixelA, pixelC;
  unsigned int rowC, frameC;
  int fill; /* the element that padding holds */
} xfblasWalk_t;

typedef enum {
  XFBLAS_STEP_CONVOLUTION = 0,
  XFBLAS_STEP_MAX = 1,     /* of the pixels within the map */
  XFBLAS_STEP_AVERAGE = 2, /* likewise, rounded half up */
  XFBLAS_STEP_DEPTHWISE = 3
} xfblasStepKind_t;

/* One step over feature maps. Matrices are pointers that xfblasMalloc gave, of any shape with enough
 * elements for A and C. C may be in A's matrix, for other channels of A's pixels or behind A.
 * A convolution has a B of (kernelRows * kernelColumns * channels) x n, and with XFBLAS_FLAG_BIAS_ROW
 * an X of one row, else one for each pixel of a frame, or NULL. A depthwise convolution has a B with
 * a row of n = channels for each tap, and one row of X or NULL. Pooling has neither, and no fields. */
typedef struct {
  int kind; /* one of xfblasStepKind_t */
  xfblasWalk_t walk;
  const void *A, *B, *C, *X;
  int n; /* channels of C */
  int postScale, postShift, preluScale, preluAlpha;
  unsigned int flags;
  const void *T; /* the table of a step with XFBLAS_FLAG_TABLE, else NULL */
} xfblasMapStep_t;

/* Queue one step (integer images that pad nothing, Fcn engine): a convolution, or pooling and
 * depthwise convolution. Each takes two instructions of a launch. */
xfblasStatus_t xfblasConvolve(xfblasHandle_t handle, const xfblasMapStep_t *step,
                              unsigned int kernelIndex);
xfblasStatus_t xfblasWindow(xfblasHandle_t handle, const xfblasMapStep_t *step,
                            unsigned int kernelIndex);

/* Where the pixels of frames lie, one after the other: `pixel` elements apart from element `first`
 * of a matrix on. */
typedef struct {
  const void *matrix;
  unsigned int first;
  unsigned int pixel;
  unsigned int pixels; /* of a frame */
  unsigned int channels;
} xfblasMapView_t;

/* A model over feature maps on frames of floats, in one call. input has the pixels of all frames,
 * each a row of `coding`, and output those of the result, each a row of outputCoding. The steps'
 * walks have the number of frames that one program takes; more run in turn. What matrices of the
 * steps hold afterwards is not defined. A value that is not finite is an error, as in xfblasPredict;
 * outputCoding->tables must be NULL. coding->timeline gets a span for each step of each program, of
 * `rows` frames from firstRow, with the saturations of what it wrote; steps run one by one then. */
xfblasStatus_t xfblasPredictMaps(xfblasHandle_t handle, unsigned long long frames,
                                 const float *input, const xfblasCoding_t *coding,
                                 const xfblasMapView_t *source, const xfblasMapStep_t *steps,
                                 unsigned int numSteps, const xfblasMapView_t *result,
                                 const xfblasOutput_t *outputCoding, float *output,
                                 unsigned int kernelIndex);

/* The softmax of each of `rows` rows, in place, as xfblasPredict computes it; needs no device. */
xfblasStatus_t xfblasSoftmax(float *values, unsigned long long rows, unsigned int columns);

/* Streaming networks: images of one kernel for each layer, which xfblasCreate opens with the engine
 * "Stream". Their elements are float or int16, their biases float or int32. Layers count from 1. */
typedef struct {
  unsigned int layers; /* of the network */
  unsigned int inputs, outputs;
  unsigned int lanes, fold; /* outputs and inputs that are multiplied at once */
  unsigned int hasSums, hasActivations; /* whether s and x can go to the host */
  char activation[16]; /* linear, relu, tanh or sigmoid */
} xfblasStreamLayer_t;

/* Of a layer of integers: s is the sum divided by 2^shift, rounded half up and clamped to int16. The
 * function takes s with sumBits of fraction and gives x with activationBits. */
typedef struct {
  unsigned int shift, sumBits, activationBits;
} xfblasStreamFormat_t;

xfblasStatus_t xfblasStreamGetLayer(xfblasHandle_t handle, unsigned int layer,
                                    xfblasStreamLayer_t *description);
/* Writes weights (inputs x outputs, row by row) and biases of every layer into memory on chip, where
 * they stay until others are loaded. sizes: of the input and of each layer, as the caller has them;
 * numSizes of them, one more than layers. formats is NULL with floats. */
xfblasStatus_t xfblasStreamLoad(xfblasHandle_t handle, const unsigned int *sizes,
                                unsigned int numSizes, const void *const *weights,
                                const void *const *biases, const xfblasStreamFormat_t *formats);
/* Streams `count` rows of `columns` elements through all layers. sums and activations have an entry
 * for each layer: where its s and x go, count rows of its outputs, or NULL where nobody wants them.
 */
xfblasStatus_t xfblasStreamRun(xfblasHandle_t handle, const void *rows, unsigned long long count,
                               unsigned int columns, void *const *sums, void *const *activations);
/* The weights count as never loaded; xfblasDestroy does that too, and closes the image. */
xfblasStatus_t xfblasStreamUnload(xfblasHandle_t handle);

/* What the native engine is and has done; texts end with a zero. */
typedef struct {
  char isa[16]; /* the instruction set in use, and all that this CPU runs */
  char isas[64];
  char blas[256]; /* path of the BLAS library for float32, or empty */
  unsigned int threads;
  /* Blocks of products by how they were added up, since the process began. */
  unsigned long long lowBits, proved, spilled, estimated, split, tiles;
  char withoutTiles[96]; /* why AMX is not in the list; empty where it is */
  unsigned long long winograd; /* blocks again, of 3 x 3 convolutions by fewer products */
} xfblasNative_t;

xfblasStatus_t xfblasGetNative(xfblasNative_t *native);

/* Runs what was queued since the last run; where nothing was, runs the whole program again. */
xfblasStatus_t xfblasExecute(xfblasHandle_t handle, unsigned int kernelIndex);
/* Runs what was queued since the last run, if anything. */
xfblasStatus_t xfblasFlush(xfblasHandle_t handle, unsigned int kernelIndex);
/* Starts compute units 0 .. numKernels-1 and returns; xfblasGet and its kin wait for the end. */
xfblasStatus_t xfblasExecuteAsync(xfblasHandle_t handle, unsigned int numKernels);
/* The same for one compute unit. */
xfblasStatus_t xfblasStart(xfblasHandle_t handle, unsigned int kernelIndex);
/* Waits for a started compute unit and reports its failure, if any. */
xfblasStatus_t xfblasSynchronize(xfblasHandle_t handle, unsigned int kernelIndex);

/* The cycles that an engine would take for an instruction of sixteen words; needs no device. */
xfblasStatus_t xfblasEstimate(const xfblasMachine_t *machine, const unsigned int *instruction,
                              xfblasCycles_t *cycles);
/* The same for Fcn or Window (opcode 12) after a Map instruction; integers only. */
xfblasStatus_t xfblasEstimateMap(const xfblasMachine_t *machine, const unsigned int *map,
                                 const unsigned int *instruction, xfblasCycles_t *cycles);
/* Cycle stamps of the first instructions of the last launch: start and end of each, by turns. */
xfblasStatus_t xfblasGetStamps(xfblasHandle_t handle, unsigned long long *stamps,
                               unsigned int numInstructions, unsigned int kernelIndex);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
