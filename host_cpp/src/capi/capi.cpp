// The C interface: each function checks its handle, calls one member function, and turns an
// exception into a status. Nothing else happens here, and no exception leaves.
#include <cstring>
#include <new>
#include <string>

#include "capi/handle.hpp"
#include "error.hpp"
#include "image/image.hpp"
#include "native/native.hpp"
#include "xfblas/cycle_model.hpp"

using xfblas::ComputeUnit;
using xfblas::Device;
using xfblas::DeviceName;
using xfblas::device_of;
using xfblas::require;

namespace {

// A thread's own text, so that one thread's failure does not overwrite another's.
thread_local std::string last_error;

template <typename Body>
xfblasStatus_t guarded(const Body& body) noexcept {
  try {
    try {
      body();
      return XFBLAS_STATUS_SUCCESS;
    } catch (const xfblas::Error& error) {
      last_error = error.what();
      return error.status();
    } catch (const std::bad_alloc&) {
      last_error = "the host has no memory left";
      return XFBLAS_STATUS_ALLOC_FAILED;
    } catch (const std::exception& error) {
      last_error = std::string("unexpected: ") + error.what();
      return XFBLAS_STATUS_INTERNAL;
    }
  } catch (...) {
    return XFBLAS_STATUS_INTERNAL;
  }
}

template <typename Body>
xfblasStatus_t on_unit(xfblasHandle_t handle, unsigned int index, const Body& body) noexcept {
  return guarded([&] { body(device_of(handle).compute_unit(index)); });
}

const char* text_or_empty(const char* text) { return text ? text : ""; }

void require_one(const char* name, int value) {
  require(value == 1, XFBLAS_STATUS_NOT_SUPPORTED, name, " is ", value, ", expected 1");
}

// The upper half of flags holds the formats of a tabled activation.
xfblas::Epilogue epilogue_of(int scale, int shift, int prelu_scale, int prelu_alpha,
                             unsigned int flags) {
  return {scale, shift, prelu_scale, prelu_alpha, flags & 0xffffu, flags >> 16};
}

// device: gives the name of the device to open.
template <typename Name>
xfblasStatus_t create(xfblasHandle_t* handle, const char* xclbin, const char* config,
                      const char* engine, unsigned int numKernels, const char* target,
                      const Name& device) noexcept {
  return guarded([&] {
    require(handle != nullptr, XFBLAS_STATUS_INVALID_VALUE,
            "handle is NULL, expected a place for it");
    xfblas::require_texts(config, engine, target);
    *handle = nullptr;
    const auto image = xclbin ? std::string(xclbin) : xfblas::packaged_image();
    *handle = new xfblasDevice(image, text_or_empty(config), text_or_empty(engine), numKernels,
                               text_or_empty(target), device());
  });
}

}  // namespace

const char* xfblasVersion(void) { return XFBLAS_VERSION; }

const char* xfblasLastError(void) { return last_error.c_str(); }

xfblasStatus_t xfblasCreate(xfblasHandle_t* handle, const char* xclbin, const char* config,
                            const char* engine, unsigned int numKernels, const char* target,
                            unsigned int deviceIndex) {
  return create(handle, xclbin, config, engine, numKernels, target,
                [&] { return DeviceName{deviceIndex, {}}; });
}

xfblasStatus_t xfblasCreateByBdf(xfblasHandle_t* handle, const char* xclbin,
                                 const char* config, const char* engine,
                                 unsigned int numKernels, const char* target,
                                 const char* bdf) {
  return create(handle, xclbin, config, engine, numKernels, target, [&] {
    require(bdf != nullptr, XFBLAS_STATUS_INVALID_VALUE, "bdf is NULL, expected ",
            xfblas::bdf_example);
    return DeviceName{0, xfblas::canonical_bdf(bdf)};
  });
}

xfblasStatus_t xfblasDestroy(xfblasHandle_t* handle) {
  return guarded([&] {
    xfblas::require_place(handle);
    require(handle != nullptr && *handle != nullptr, XFBLAS_STATUS_NOT_INITIALIZED,
            "handle is NULL: the device was never created or is destroyed already");
    device_of(*handle);
    delete *handle;
    *handle = nullptr;
  });
}

xfblasStatus_t xfblasGetInfo(xfblasHandle_t handle, xfblasInfo_t* info) {
  return guarded([&] {
    const auto& device = device_of(handle);
    require(info != nullptr, XFBLAS_STATUS_INVALID_VALUE, "info is NULL, expected a place for it");
    *info = device.info();
  });
}

xfblasStatus_t xfblasMalloc(xfblasHandle_t handle, void** devPtr, int rows, int lda, int elemSize,
                            unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(devPtr != nullptr, XFBLAS_STATUS_INVALID_VALUE,
            "devPtr is NULL, expected a place for it");
    *devPtr = unit.allocate(rows, lda, elemSize);
  });
}

xfblasStatus_t xfblasMallocPacked(xfblasHandle_t handle, void** devPtr, int rows, int lda,
                                  int elemSize, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(devPtr != nullptr, XFBLAS_STATUS_INVALID_VALUE,
            "devPtr is NULL, expected a place for it");
    *devPtr = unit.allocate_packed(rows, lda, elemSize);
  });
}

xfblasStatus_t xfblasSetMatrix(xfblasHandle_t handle, int rows, int cols, int elemSize,
                               const void* A, int lda, void* d_A, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    unit.write(d_A, {static_cast<const char*>(A), rows, cols, lda, elemSize});
  });
}

xfblasStatus_t xfblasGetMatrix(xfblasHandle_t handle, int rows, int cols, int elemSize,
                               const void* d_A, void* A, int lda, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    unit.read(d_A, {nullptr, rows, cols, lda, elemSize}, static_cast<char*>(A));
  });
}

xfblasStatus_t xfblasMallocRestricted(xfblasHandle_t handle, int rows, int cols, int elemSize,
                                      void* A, int lda, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    unit.allocate_for(A, rows, cols, elemSize, lda);
  });
}

xfblasStatus_t xfblasSetMatrixRestricted(xfblasHandle_t handle, void* A,
                                         unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.write_all(A, A); });
}

xfblasStatus_t xfblasGetMatrixRestricted(xfblasHandle_t handle, void* A,
                                         unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.read_all(A, A); });
}

xfblasStatus_t xfblasSend(xfblasHandle_t handle, void* A, unsigned long long numElem,
                          int elemSize, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex,
                 [&](ComputeUnit& unit) { unit.send(A, numElem, elemSize); });
}

xfblasStatus_t xfblasGet(xfblasHandle_t handle, void* A, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.read_all(A, A); });
}

xfblasStatus_t xfblasGetByAddress(xfblasHandle_t handle, void* A, unsigned long long bufSize,
                                  unsigned int offset, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex,
                 [&](ComputeUnit& unit) { unit.read_pages(offset, A, bufSize); });
}

xfblasStatus_t xfblasGetOffset(xfblasHandle_t handle, const void* A, unsigned int* offset,
                               unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(offset != nullptr, XFBLAS_STATUS_INVALID_VALUE,
            "offset is NULL, expected a place for it");
    *offset = unit.page_of(A);
  });
}

xfblasStatus_t xfblasFree(xfblasHandle_t handle, void* A, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.free(A); });
}

xfblasStatus_t xfblasFreeInstr(xfblasHandle_t handle, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [](ComputeUnit& unit) { unit.free_instructions(); });
}

xfblasStatus_t xfblasGemm(xfblasHandle_t handle, int m, int n, int k, int alpha, const void* A,
                          int lda, const void* B, int ldb, int beta, void* C, int ldc,
                          unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_one("alpha", alpha);
    require(beta == 0 || beta == 1, XFBLAS_STATUS_NOT_SUPPORTED, "beta is ", beta,
            ", expected 0 or 1");
    unit.gemm({m, k, n, lda, ldb, ldc, ldc}, A, B, C, beta == 1);
  });
}

xfblasStatus_t xfblasGemv(xfblasHandle_t handle, int m, int n, int alpha, const void* A, int lda,
                          const void* x, int incx, int beta, void* y, int incy,
                          unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_one("alpha", alpha), require_one("beta", beta);
    require_one("incx", incx), require_one("incy", incy);
    unit.gemv(m, n, lda, A, x, y);
  });
}

xfblasStatus_t xfblasFcn(xfblasHandle_t handle, int m, int n, int k, int alpha, const void* A,
                         int lda, const void* B, int ldb, int beta, void* C, int ldc,
                         const void* X, int ldx, int postScale, int postShift, int preluScale,
                         int preluAlpha, unsigned int flags, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_one("alpha", alpha), require_one("beta", beta);
    unit.fcn({m, k, n, lda, ldb, ldc, ldx}, A, B, C, X,
             epilogue_of(postScale, postShift, preluScale, preluAlpha, flags));
  });
}

xfblasStatus_t xfblasFcnByAddress(xfblasHandle_t handle, unsigned int aOff, unsigned int bOff,
                                  unsigned int cOff, unsigned int xOff, unsigned int m,
                                  unsigned int n, unsigned int k, unsigned int lda,
                                  unsigned int ldb, unsigned int ldc, unsigned int ldx,
                                  int postScale, int postShift, int preluScale, int preluAlpha,
                                  unsigned int flags, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    unit.fcn_by_page({m, k, n, lda, ldb, ldc, ldx}, {aOff, bOff, cOff, xOff},
                     epilogue_of(postScale, postShift, preluScale, preluAlpha, flags));
  });
}

xfblasStatus_t xfblasMatmul(xfblasHandle_t handle, int m, int n, int k, const void* A, int lda,
                            const void* B, int ldb, const void* d_B, void* C, int ldc,
                            unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    unit.multiply({m, k, n, lda, ldb, ldc, n}, A, B, d_B, C);
  });
}

xfblasStatus_t xfblasPredict(xfblasHandle_t handle, unsigned long long rows, const float* input,
                             const xfblasCoding_t* coding, const void* d_A,
                             const xfblasLayer_t* layers, unsigned int numLayers,
                             const xfblasOutput_t* decoding, float* output,
                             unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(layers != nullptr, XFBLAS_STATUS_INVALID_VALUE, "layers is NULL, expected ", numLayers);
    require(coding && decoding, XFBLAS_STATUS_INVALID_VALUE, coding ? "decoding" : "coding",
            " is NULL, expected one");
    std::vector<ComputeUnit::Layer> given;
    given.reserve(numLayers);
    for (const auto* layer = layers; layer != layers + numLayers; ++layer)
      given.push_back({layer->B, layer->X, layer->C, layer->n,
                       epilogue_of(layer->postScale, layer->postShift, layer->preluScale,
                                   layer->preluAlpha,
                                   layer->flags | (layer->X ? xfblas::flag_bias_row : 0))});
    const xfblas::InputCoding features{coding->features,      coding->scales,
                                       coding->offsets,       double(coding->limit),
                                       double(coding->base), coding->columns,
                                       coding->clipped};
    const xfblas::OutputCoding columns{decoding->columns, decoding->scales, decoding->windows,
                                       decoding->offset,  decoding->slope,  decoding->softmax != 0};
    unit.forward({input, rows, features, nullptr, 0, {}, columns, output}, d_A, given);
  });
}

xfblasStatus_t xfblasSoftmax(float* values, unsigned long long rows, unsigned int columns) {
  return guarded([&] {
    require(values != nullptr || rows == 0, XFBLAS_STATUS_INVALID_VALUE,
            "values is NULL, expected rows of floats");
    require(columns > 0, XFBLAS_STATUS_INVALID_VALUE, "columns is 0, expected 1 or more");
    for (unsigned long long i = 0; i < rows; ++i)
      xfblas::kernels().softmax(values + i * columns, columns);
  });
}

xfblasStatus_t xfblasGetNative(xfblasNative_t* native) {
  return guarded([&] {
    require(native != nullptr, XFBLAS_STATUS_INVALID_VALUE,
            "native is NULL, expected a place for it");
    *native = xfblas::describe_native();
  });
}

xfblasStatus_t xfblasExecute(xfblasHandle_t handle, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [](ComputeUnit& unit) { unit.execute(); });
}

xfblasStatus_t xfblasFlush(xfblasHandle_t handle, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [](ComputeUnit& unit) { unit.flush(); });
}

xfblasStatus_t xfblasExecuteAsync(xfblasHandle_t handle, unsigned int numKernels) {
  return guarded([&] { device_of(handle).start(numKernels); });
}

xfblasStatus_t xfblasStart(xfblasHandle_t handle, unsigned int kernelIndex) {
  return guarded([&] { device_of(handle).start_one(kernelIndex); });
}

xfblasStatus_t xfblasSynchronize(xfblasHandle_t handle, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [](ComputeUnit& unit) { unit.synchronize(); });
}

xfblasStatus_t xfblasEstimate(const xfblasMachine_t* machine, const unsigned int* instruction,
                              xfblasCycles_t* cycles) {
  return guarded([&] {
    require(machine && instruction && cycles, XFBLAS_STATUS_INVALID_VALUE,
            "machine, instruction or cycles is NULL, expected a place for each");
    const auto& m = *machine;
    for (const auto size : {m.wordElements, m.addendElements, m.arrayRows, m.arrayColumns,
                            m.tileRows, m.tileColumns, m.chunk, m.vectorRows, m.vectorChunk,
                            m.updateInterval})
      require(size > 0, XFBLAS_STATUS_INVALID_VALUE,
              "a size of the machine is 0, expected 1 or more");
    xfblas::Instruction words;
    std::memcpy(&words, instruction, sizeof words);
    require(words.m > 0 && words.k > 0, XFBLAS_STATUS_INVALID_VALUE, "m is ", words.m,
            " and k is ", words.k, ", expected 1 or more");
    const xfblas::CycleModel model({m.wordElements, m.addendElements, m.arrayRows, m.arrayColumns,
                                    m.tileRows, m.tileColumns, m.chunk, m.vectorRows,
                                    m.vectorChunk, m.updateInterval, m.burstCycles,
                                    m.memoryLatency});
    const auto parts = model.parts(words);
    *cycles = {model.instruction(words), parts.compute, parts.memory, parts.drain, model.launch()};
  });
}

xfblasStatus_t xfblasGetStamps(xfblasHandle_t handle, unsigned long long* stamps,
                               unsigned int numInstructions, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(stamps != nullptr, XFBLAS_STATUS_INVALID_VALUE,
            "stamps is NULL, expected a place for two numbers an instruction");
    unit.read_stamps(stamps, numInstructions);
  });
}
