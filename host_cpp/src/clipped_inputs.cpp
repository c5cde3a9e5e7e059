#include "clipped_inputs.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace xfblas {

void count_clipped(const InputCoding& coding, const float* row) {
  static std::mutex counting;
  const std::lock_guard<std::mutex> lock(counting);
  auto& clipped = *coding.clipped;
  bool is_clipped = false;
  for (uint64_t f = 0; f < coding.features; ++f) {
    const auto offset = coding.offsets ? coding.offsets[f] : 0.0;
    const auto size = std::abs((double(row[f]) - offset) * coding.scales[f]);
    if (!(size > coding.limit + 0.5)) continue;
    is_clipped = true;
    ++clipped.counts[f];
    clipped.factors[f] = std::max(clipped.factors[f], size / coding.limit);
  }
  clipped.rows += is_clipped;
}

}  // namespace xfblas
