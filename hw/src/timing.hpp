// What the cycle-approximate run charges for things that no loop's initiation interval shows.
#ifndef XFBLAS_TIMING_HPP
#define XFBLAS_TIMING_HPP

#include "xfblas_configuration.hpp"

namespace xfblas {

// A burst's start at the memory, with the requests of neighbours already on their way.
constexpr uint64_t burst_cycles = configuration::burst_cycles;
// From a request to its first word where nothing hides it: at the start of an instruction.
constexpr uint64_t memory_latency = configuration::memory_latency;

}  // namespace xfblas

#endif
