// The C functions of streaming networks.
#include "capi/handle.hpp"
#include "error.hpp"
#include "text_field.hpp"

using namespace xfblas;

xfblasStatus_t xfblasStreamGetLayer(xfblasHandle_t handle, unsigned int layer,
                                    xfblasStreamLayer_t* description) {
  return guarded([&] {
    const DeviceCall call(handle);
    require_place("description", description);
    const auto& layers = call.device().stream().layers();
    require(layer >= 1 && layer <= layers.size(), XFBLAS_STATUS_INVALID_VALUE, "layer is ", layer,
            ", expected 1 to ", layers.size());
    const auto& found = layers[layer - 1];
    xfblasStreamLayer_t told{};
    told.layers = unsigned(layers.size());
    told.inputs = found.inputs, told.outputs = found.outputs;
    told.lanes = found.lanes, told.fold = found.fold;
    told.hasSums = found.routes & route_sums ? 1 : 0;
    told.hasActivations = found.routes & route_activations ? 1 : 0;
    copy_text(told.activation, name_of(found.function));
    *description = told;
  });
}

xfblasStatus_t xfblasStreamLoad(xfblasHandle_t handle, const unsigned int* sizes,
                                unsigned int numSizes, const void* const* weights,
                                const void* const* biases, const xfblasStreamFormat_t* formats) {
  return guarded([&] {
    const DeviceCall call(handle);
    call.device().stream().load({sizes, numSizes, weights, biases, formats});
  });
}

xfblasStatus_t xfblasStreamRun(xfblasHandle_t handle, const void* rows, unsigned long long count,
                               unsigned int columns, void* const* sums, void* const* activations) {
  return guarded([&] {
    const DeviceCall call(handle);
    call.device().stream().run(rows, count, columns, sums, activations);
  });
}

xfblasStatus_t xfblasStreamUnload(xfblasHandle_t handle) {
  return guarded([&] {
    const DeviceCall call(handle);
    call.device().stream().unload();
  });
}
