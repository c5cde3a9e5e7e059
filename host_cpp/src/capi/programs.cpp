// The C functions of programs: operations that are queued and run, or all of that in one call.
#include <optional>

#include "capi/codings.hpp"
#include "capi/handle.hpp"
#include "error.hpp"

using namespace xfblas;

namespace {

void require_one(const char* name, int value) {
  require(value == 1, XFBLAS_STATUS_NOT_SUPPORTED, name, " is ", value, ", expected 1");
}

// Negative numbers are out of every range that is checked later.
ComputeUnit::Softmax softmax_of(const xfblasSoftmaxTables_t& t) {
  return {t.parameters,
          t.classes,
          {uint32_t(t.kind), uint32_t(t.expBits), uint32_t(t.invTableBits), uint32_t(t.normBits),
           uint32_t(t.accumBits), uint32_t(t.invBits), t.scaleShift, t.accumShift, t.invShift,
           t.resultShift, t.offset}};
}

}  // namespace

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
                         int lda, const void* B, int ldb, int beta, void* C, int ldc, const void* X,
                         int ldx, int postScale, int postShift, int preluScale, int preluAlpha,
                         unsigned int flags, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_one("alpha", alpha), require_one("beta", beta);
    unit.fcn({m, k, n, lda, ldb, ldc, ldx}, A, B, C, X,
             epilogue_of(postScale, postShift, preluScale, preluAlpha, flags));
  });
}

xfblasStatus_t xfblasFcnTable(xfblasHandle_t handle, int m, int n, int k, int alpha, const void* A,
                              int lda, const void* B, int ldb, int beta, void* C, int ldc,
                              const void* X, int ldx, int postScale, int postShift, const void* T,
                              int groups, unsigned int flags, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_one("alpha", alpha), require_one("beta", beta);
    require(T != nullptr, XFBLAS_STATUS_INVALID_VALUE, "T is NULL, expected a table of 513 int32");
    constexpr uint32_t known = flag_round | flag_saturate | flag_bias_row;
    require((flags & ~known & ~XFBLAS_FLAG_TABLE) == 0, XFBLAS_STATUS_INVALID_VALUE, "flags is ",
            flags, ", expected a sum of ", uint32_t(flag_round), " (round), ",
            uint32_t(flag_saturate), " (saturate) and ", uint32_t(flag_bias_row), " (bias_row)");
    unit.fcn({m, k, n, lda, ldb, ldc, ldx}, A, B, C, X,
             {postScale, postShift, 1, 0, flags | XFBLAS_FLAG_TABLE, uint32_t(groups)}, T);
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

xfblasStatus_t xfblasSoftmaxByTables(xfblasHandle_t handle, int m, int k, const void* A, int lda,
                                     const xfblasSoftmaxTables_t* tables, void* C, int ldc,
                                     unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(tables != nullptr, XFBLAS_STATUS_INVALID_VALUE, "tables is NULL, expected them");
    unit.softmax(m, k, A, lda, softmax_of(*tables), C, ldc);
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
                             const xfblasOutput_t* outputCoding, float* output,
                             unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(layers != nullptr, XFBLAS_STATUS_INVALID_VALUE, "layers is NULL, expected ", numLayers);
    require(numLayers <= Queue::capacity, XFBLAS_STATUS_INVALID_VALUE, "numLayers is ", numLayers,
            ", expected at most ", Queue::capacity);
    require(rows <= uint64_t(INT64_MAX), XFBLAS_STATUS_INVALID_VALUE, "rows is ", rows,
            ", which no memory holds");
    require_codings(coding, outputCoding);
    std::vector<ComputeUnit::Layer> given;
    given.reserve(numLayers);
    for (const auto* layer = layers; layer != layers + numLayers; ++layer)
      given.push_back(
          {layer->B, layer->X, layer->C, layer->n,
           epilogue_of(layer->postScale, layer->postShift, layer->preluScale, layer->preluAlpha,
                       layer->flags | (layer->X ? uint32_t(flag_bias_row) : 0u)),
           layer->T});
    const auto features = input_coding_of(coding);
    const auto columns = output_coding_of(outputCoding);
    ClippedValues clipped(features, coding->clipped);
    std::optional<ComputeUnit::Softmax> softmax;
    if (outputCoding->tables) softmax = softmax_of(*outputCoding->tables);
    unit.forward({input, rows, features, nullptr, 0, {}, columns, output, &clipped, {}}, d_A, given,
                 softmax ? &*softmax : nullptr, outputCoding->probabilities);
    clipped.add_up();
  });
}

xfblasStatus_t xfblasFreeInstr(xfblasHandle_t handle, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [](ComputeUnit& unit) { unit.free_instructions(); });
}

xfblasStatus_t xfblasExecute(xfblasHandle_t handle, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [](ComputeUnit& unit) { unit.execute(); });
}

xfblasStatus_t xfblasFlush(xfblasHandle_t handle, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [](ComputeUnit& unit) { unit.flush(); });
}

xfblasStatus_t xfblasExecuteAsync(xfblasHandle_t handle, unsigned int numKernels) {
  return guarded([&] {
    const DeviceCall call(handle);
    call.device().start(numKernels);
  });
}

xfblasStatus_t xfblasStart(xfblasHandle_t handle, unsigned int kernelIndex) {
  return guarded([&] {
    const DeviceCall call(handle);
    call.device().start_one(kernelIndex);
  });
}

xfblasStatus_t xfblasSynchronize(xfblasHandle_t handle, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [](ComputeUnit& unit) { unit.synchronize(); });
}

xfblasStatus_t xfblasGetStamps(xfblasHandle_t handle, unsigned long long* stamps,
                               unsigned int numInstructions, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(stamps != nullptr, XFBLAS_STATUS_INVALID_VALUE,
            "stamps is NULL, expected a place for two numbers an instruction");
    unit.read_stamps(stamps, numInstructions);
  });
}
