// The C functions of feature maps.
#include <utility>
#include <vector>

#include "capi/codings.hpp"
#include "capi/handle.hpp"
#include "error.hpp"

using namespace xfblas;

namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

MapWalk walk_of(const xfblasWalk_t& w) {
  return {w.frames,       w.height,          w.width,         w.channels,   w.upRows,
          w.upColumns,    w.kernelRows,      w.kernelColumns, w.strideRows, w.strideColumns,
          w.dilationRows, w.dilationColumns, w.padTop,        w.padLeft,    w.outRows,
          w.outColumns,   w.firstA,          w.pixelA,        w.firstC,     w.pixelC,
          w.rowC,         w.frameC,          w.fill};
}

MapStep step_of(const xfblasMapStep_t& s) {
  require(s.kind >= XFBLAS_STEP_CONVOLUTION && s.kind <= XFBLAS_STEP_DEPTHWISE, invalid, "kind is ",
          s.kind, ", expected ", int(XFBLAS_STEP_CONVOLUTION), " to ", int(XFBLAS_STEP_DEPTHWISE));
  return {MapStepKind(s.kind), walk_of(s.walk), s.n,
          epilogue_of(s.postScale, s.postShift, s.preluScale, s.preluAlpha, s.flags)};
}

ComputeUnit::MapNames names_of(const xfblasMapStep_t& s) { return {s.A, s.B, s.C, s.X, s.T}; }

ComputeUnit::MapView view_of(const char* name, const xfblasMapView_t* view) {
  require(view != nullptr, invalid, name, " is NULL, expected where its pixels lie");
  return {view->matrix, view->first, view->pixel, view->pixels, view->channels};
}

xfblasStatus_t queue_step(xfblasHandle_t handle, const xfblasMapStep_t* step,
                          unsigned int kernelIndex, bool convolves) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(step != nullptr, invalid, "step is NULL, expected one");
    require((step->kind == XFBLAS_STEP_CONVOLUTION) == convolves, invalid, "kind is ", step->kind,
            convolves ? ", expected 0 (convolution)"
                      : ", expected 1 (max), 2 (average) or 3 (depthwise)");
    unit.walk(step_of(*step), names_of(*step));
  });
}

}  // namespace

xfblasStatus_t xfblasConvolve(xfblasHandle_t handle, const xfblasMapStep_t* step,
                              unsigned int kernelIndex) {
  return queue_step(handle, step, kernelIndex, true);
}

xfblasStatus_t xfblasWindow(xfblasHandle_t handle, const xfblasMapStep_t* step,
                            unsigned int kernelIndex) {
  return queue_step(handle, step, kernelIndex, false);
}

xfblasStatus_t xfblasPredictMaps(xfblasHandle_t handle, unsigned long long frames,
                                 const float* input, const xfblasCoding_t* coding,
                                 const xfblasMapView_t* source, const xfblasMapStep_t* steps,
                                 unsigned int numSteps, const xfblasMapView_t* result,
                                 const xfblasOutput_t* outputCoding, float* output,
                                 unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(steps != nullptr, invalid, "steps is NULL, expected ", numSteps);
    require(numSteps <= Queue::capacity / 2, invalid, "numSteps is ", numSteps,
            ", expected at most ", Queue::capacity / 2);
    require_codings(coding, outputCoding);
    require(outputCoding->tables == nullptr, XFBLAS_STATUS_NOT_SUPPORTED,
            "outputCoding.tables was given, expected NULL: softmax of pixels is computed in float");
    std::vector<std::pair<MapStep, ComputeUnit::MapNames>> given;
    given.reserve(numSteps);
    for (const auto* step = steps; step != steps + numSteps; ++step)
      given.emplace_back(step_of(*step), names_of(*step));
    const auto features = input_coding_of(coding);
    ClippedValues clipped(features, coding->clipped);
    Timeline timeline(coding->timeline);
    unit.predict_maps({input,
                       0,
                       features,
                       nullptr,
                       0,
                       {},
                       output_coding_of(outputCoding),
                       output,
                       &clipped,
                       {},
                       &timeline},
                      frames, view_of("source", source), given, view_of("result", result));
    clipped.add_up();
  });
}
