// The cycle stamps of the results page.
//
// In hardware a counter runs beside the program and answers when it is asked; only a process of
// its own can count while the others work. The simulation has a clock already.
#ifndef XFBLAS_CLOCK_HPP
#define XFBLAS_CLOCK_HPP

#include <stdint.h>

#include "xfblas/stream.hpp"

namespace xfblas {

#if defined(__SYNTHESIS__)

struct Clock {
  stream<bool, 2> questions;  // true: the last one
  stream<uint64_t, 2> stamps;

  uint64_t now() {
#pragma HLS INLINE
    questions.write(false);
    return stamps.read();
  }
  void stop() {
#pragma HLS INLINE
    questions.write(true);
  }
};

inline void count_cycles(Clock& clock) {
  uint64_t cycle = 0;
  bool runs = true;
count:
  while (runs) {
#pragma HLS PIPELINE II=1
    bool is_last = false;
    if (clock.questions.read_nb(is_last)) {
      if (is_last)
        runs = false;
      else
        clock.stamps.write(cycle);
    }
    ++cycle;
  }
}

#else

struct Clock {
  uint64_t now() { return simulated_now(); }
  void stop() {}
};

inline void count_cycles(Clock&) {}

#endif

}  // namespace xfblas

#endif
