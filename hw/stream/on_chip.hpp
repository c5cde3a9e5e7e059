// A layer's memory on chip, which outlives a launch.
//
// In hardware it is the layer's own. On this CPU it lies in the compute unit's memory, because a
// kernel library serves any number of units and has no state between calls.
#ifndef XFBLAS_STREAM_ON_CHIP_HPP
#define XFBLAS_STREAM_ON_CHIP_HPP

#include "xfblas/stream.hpp"

#if defined(__SYNTHESIS__) || defined(XFBLAS_VENDOR_STREAM)

// All weights of a word are read in one cycle, and the biases of a group. A beat of weights is one
// entry of a memory: alone, each would take a block RAM of 36 bits for its 16.
#define XFBLAS_PRAGMA(text) _Pragma(#text)
#define XFBLAS_ON_CHIP(L, name)                                                    \
  static typename L::Memory name;                                                  \
  XFBLAS_PRAGMA(HLS ARRAY_PARTITION variable = name.weights type = complete dim = 2) \
  XFBLAS_PRAGMA(HLS ARRAY_RESHAPE variable = name.weights type = complete dim = 3)   \
  XFBLAS_PRAGMA(HLS ARRAY_PARTITION variable = name.biases type = complete)
#define XFBLAS_KEEP_ON_CHIP(place)

namespace xfblas {
inline uint64_t launch_cycles() { return 0; }
}  // namespace xfblas

#else

namespace xfblas {
template <class L>
typename L::Memory& on_chip() {
  char* const begin = static_cast<char*>(simulation::Launch::current().on_chip);
  return *reinterpret_cast<typename L::Memory*>(begin + L::on_chip_begin);
}

// What the simulation has counted; hardware has no counter here.
inline uint64_t launch_cycles() { return simulated_now(); }
}  // namespace xfblas

#define XFBLAS_ON_CHIP(L, name) typename L::Memory& name = on_chip<L>();
#define XFBLAS_KEEP_ON_CHIP(place) simulation::Launch::current().on_chip = (place)

#endif

#endif
