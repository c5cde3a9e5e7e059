// pack() for the Python tests, as a library.
#include "xfblas/packed.hpp"

extern "C" uint64_t packed_elements(uint32_t tile, uint32_t strip, uint64_t k, uint64_t across) {
  return xfblas::PackedLayout{tile, strip}.elements(k, across);
}
extern "C" uint64_t packed_place(uint32_t tile, uint32_t strip, uint64_t k, uint64_t across,
                                 uint64_t i, uint64_t j) {
  return xfblas::PackedLayout{tile, strip}.place(k, across, i, j);
}
extern "C" void pack_int16(uint32_t tile, uint32_t strip, uint64_t k, uint64_t across,
                           const int16_t* from, uint64_t k_stride, uint64_t across_stride,
                           int16_t* to) {
  xfblas::pack(xfblas::PackedLayout{tile, strip}, k, across, from, k_stride, across_stride, to);
}
