// When the parts of a call ran, for callers who ask.
#ifndef XFBLAS_PREDICTION_TIMELINE_HPP
#define XFBLAS_PREDICTION_TIMELINE_HPP

#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "xfblas.h"

namespace xfblas {

// Threads of one call share it.
class Timeline {
 public:
  // given: what spans are written to; null where nobody asks, and then nothing is timed.
  explicit Timeline(xfblasTimeline_t* given);

  // Nanoseconds of a clock that only goes forward.
  static uint64_t now();

  // Runs the body; it is `part` of the call, for `rows` rows from `first`.
  template <typename Body>
  void time(int part, uint64_t first, uint64_t rows, const Body& body) {
    if (!given_) return body();
    const auto start = now();
    body();
    add(part, first, rows, start, now());
  }

  bool is_wanted() const { return given_ != nullptr; }
  // saturated: elements of a layer's result at an end of their type, -1 where nobody counted.
  void add(int part, uint64_t first, uint64_t rows, uint64_t start, uint64_t end,
           int64_t saturated = -1);

 private:
  xfblasTimeline_t* given_;
  std::mutex mutex_;
  std::vector<std::thread::id> threads_;  // in the order in which they came
};

}  // namespace xfblas

#endif
