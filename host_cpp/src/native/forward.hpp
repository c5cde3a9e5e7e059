// A forward pass on this CPU: each block of rows passes all layers while its activations are in
// the cache, on as many threads as there are blocks.
#ifndef XFBLAS_NATIVE_FORWARD_HPP
#define XFBLAS_NATIVE_FORWARD_HPP

#include "image/image.hpp"
#include "native/panel_cache.hpp"
#include "prediction/prediction.hpp"

namespace xfblas {

// memory: the compute unit's, where weights and biases lie. Activations stay out of it.
void run_forward(char* memory, const Configuration& configuration, const ForwardPass& pass,
                 PanelCache& cache);

}  // namespace xfblas

#endif
