#include "native/near_scales.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace xfblas {
namespace {

// Scales beyond these, the bits of 2^-100 and 2^100, would not keep their 24 bits in products that
// matter.
constexpr uint32_t least = uint32_t(127 - 100) << 23, most = uint32_t(127 + 100) << 23;

uint32_t magnitude_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits & 0x7fffffff;
}

// With larger margins most vectors would be computed twice.
constexpr double largest_margin = 1.0 / 32;

// An eighth more than the bound below, for what it leaves out.
constexpr double slope = 1.125 / (1 << 23);

}  // namespace

// Each of scale, shift and the fused a = x * scale - shift is rounded once, by a part of 2^-24:
//   error <= 2^-24 (|x * scale| + |shift| + |a|) <= 2^-23 (|a| + |shift|)
// where |a| <= limit + 1 counts, since both codings clamp what is farther out. Double precision
// errs by 2^-29 of this; an eighth, and |a| larger by 3, cover that, higher powers, and the
// rounding of margin + slope * |a| itself.
NearScales::NearScales(const InputCoding& coding)
    : scales_(coding.features), shifts_(coding.features) {
  uint32_t smallest = UINT32_MAX, largest = 0;
  for (uint64_t f = 0; f < coding.features; ++f) {
    scales_[f] = float(coding.scales[f]);
    const auto bits = magnitude_bits(scales_[f]);
    // A scale of 0 comes out as the largest here: what it gives is exact.
    smallest = std::min(smallest, bits - 1), largest = std::max(largest, bits);
  }
  const bool keeps_bits = smallest >= least && largest <= most;
  double largest_shift = 0;
  if (coding.offsets)
    for (uint64_t f = 0; f < coding.features; ++f) {
      const auto shift = coding.offsets[f] * coding.scales[f];
      largest_shift = std::max(largest_shift, std::abs(shift));
      shifts_[f] = float(shift);
    }
  const auto margin = (largest_shift + 3) * slope;
  is_near_ = keeps_bits && margin + coding.limit * slope < largest_margin &&
             coding.limit == std::floor(coding.limit);
  near_ = {scales_.data(), shifts_.data(), float(margin), float(slope)};
}

}  // namespace xfblas
