// Instructions that walk feature maps, on this CPU: convolutions, pooling, depthwise convolutions.
#ifndef XFBLAS_NATIVE_FEATURE_MAPS_HPP
#define XFBLAS_NATIVE_FEATURE_MAPS_HPP

#include "image/image.hpp"
#include "native/panel_cache.hpp"
#include "xfblas/feature_map.hpp"

namespace xfblas {

// Of Fcn and Window after a Map, which were found right.
void run_convolution(char* memory, const Instruction& instruction, const FeatureMap& map,
                     const Configuration& configuration, PanelCache& cache);
void run_window(char* memory, const Instruction& instruction, const FeatureMap& map,
                const Configuration& configuration);

// Bytes of the memory from the first element of A or C that such an instruction has to the last.
struct ByteRange {
  uint64_t offset, bytes;
};
ByteRange range_of_a(const Instruction& instruction, const FeatureMap& map, uint32_t element_bytes);
ByteRange range_of_c(const Instruction& instruction, const FeatureMap& map, uint32_t element_bytes);

}  // namespace xfblas

#endif
