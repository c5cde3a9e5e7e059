// Between the floats of a model and the integers of its first and last layer.
#ifndef XFBLAS_CODING_HPP
#define XFBLAS_CODING_HPP

#include <cstdint>

#include "xfblas.h"

namespace xfblas {

// How features become elements of the first layer's A. A feature is a = (x - offset) * scale; its
// high digit is the nearest integer to a, halves to even, clamped to +-limit, and its low one the
// nearest to (a - high) * base, clamped to +-base/2. Element e is the high digit of feature
// columns[e], or the low one of columns[e] - features; without columns element e is the high digit
// of feature e.
struct InputCoding {
  uint64_t features;
  const double* scales;
  const double* offsets;  // null for zeros
  double limit, base;
  const int32_t* columns;
  xfblasClipped_t* clipped = nullptr;  // counts what was clamped; null where nobody asks
};

// The same in single precision, a = x * scale - shift with shift = offset * scale. Its high digit is
// that of InputCoding wherever a is farther than margin + slope * |a| from the middle between two
// integers. The limit is an integer, and a is clamped this much beyond it, which rounds to the limit too: what was
// clamped there may be out of range, everything else is within.
struct NearCoding {
  const float* scales;
  const float* shifts;
  float margin, slope;
};
constexpr float beyond_limit = 0.25f;

// How the last layer's C becomes the output. Column j is offset plus the sum of C's columns j,
// j + columns, ... of each window (see xfblas/quantization/output_windows.py), divided by
// scales[j], times the slope where that is negative; then softmax of the row where asked for.
struct OutputCoding {
  uint64_t columns;
  const float* scales;
  uint64_t windows;
  int64_t offset;
  float slope;
  bool has_softmax;
};

}  // namespace xfblas

#endif
