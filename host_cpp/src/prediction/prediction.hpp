// A model's layers from float rows to float rows, in one call: what it takes, and its checks. The
// rows themselves become integers and floats again in native/coded_rows.hpp, on every target.
#ifndef XFBLAS_PREDICTION_HPP
#define XFBLAS_PREDICTION_HPP

#include <cstdint>
#include <mutex>
#include <vector>

#include "xfblas.h"
#include "xfblas/instruction.hpp"

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
};

// What is clamped of the rows of one call. Its threads share it.
class ClippedValues {
 public:
  // total: what add_up adds to; null where nobody asks.
  ClippedValues(const InputCoding& coding, xfblasClipped_t* total)
      : coding_(coding), total_(total) {}

  // Adds what is clamped of a row of finite floats.
  void count(const float* row);
  // For calls that succeeded.
  void add_up() const;

 private:
  const InputCoding& coding_;
  xfblasClipped_t* total_;
  std::mutex mutex_;
  uint64_t rows_ = 0;
  std::vector<uint64_t> counts_;  // of each feature, as the factors; empty where no row was clamped
  std::vector<double> factors_;
};

// The same in single precision, a = x * scale - shift with shift = offset * scale. Its high digit
// is that of InputCoding wherever a is farther than margin + slope * |a| from the middle between
// two integers. The limit is an integer, and a is clamped this much beyond it, which rounds to the
// limit too: what was clamped there may be out of range, everything else is within.
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

// Layers have the sizes that the image pads to; what is padded holds zeros.
struct ForwardPass {
  const float* input;
  uint64_t rows;
  InputCoding input_coding;
  const NearCoding* near;  // the same, null where it does not pay
  uint64_t elements;  // of the first layer's A, without padding
  std::vector<Instruction> layers;  // a chain; m is that of one program, whatever `rows` is
  OutputCoding output_coding;
  float* output;
  ClippedValues* clipped = nullptr;
  // By tables, of the last layer's C; without one its opcode is that of a control word.
  Instruction softmax{};
};

// Fails where the codings do not fit the first layer's elements, integers of so many bytes, and the
// last layer's columns, or where the arrays of rows cannot be read and written. The output has
// pass.rows too, or as many as are given.
void require_consistent(const ForwardPass& pass, uint64_t columns, uint32_t element_bytes);
void require_consistent(const ForwardPass& pass, uint64_t columns, uint32_t element_bytes,
                        uint64_t output_rows);

}  // namespace xfblas

#endif
