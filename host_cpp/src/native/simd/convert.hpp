// Floats into elements and back, and the softmax of a row.

namespace xfblas {
namespace {

// The nearest element to value * scale, halves to even, clamped to the symmetric range. Computed
// in double, where no product overflows or loses bits that matter. Returns the index of the first
// value that is not finite, or -1; `to` is then of no use.
template <typename Element>
int64_t quantize(const float* from, const double* scales, int64_t count, Element* to) {
  constexpr double limit = std::numeric_limits<Element>::max();
  // Adding and subtracting 1.5 * 2^52 rounds to an integer in the processor's rounding mode.
  constexpr double rounding = 6755399441055744.0;
  bool is_finite = true;
  for (int64_t i = 0; i < count; ++i) {
    const double scaled = double(from[i]) * scales[i];
    const double clamped = std::min(std::max(scaled, -limit), limit);
    to[i] = Element(int32_t((clamped + rounding) - rounding));
    is_finite &= std::fabs(from[i]) <= std::numeric_limits<float>::max();
  }
  if (is_finite) return -1;
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(from[i])) return i;
  return -1;
}

template <typename Element>
void dequantize(const Element* from, const float* scales, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = float(from[i]) / scales[i];
}

// e^x for x <= 0: 2^n * e^r with |r| <= ln 2 / 2, whose Taylor polynomial is within 2 units in the
// last place. Below -87 the result is 0.
inline float exponential(float x) {
  constexpr float log2_e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  constexpr float rounding = 12582912.0f;  // 1.5 * 2^23
  const float n = (x * log2_e + rounding) - rounding;
  const float r = (x - n * ln2_high) - n * ln2_low;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1;
  p = p * r + 1;
  const int32_t bits = (int32_t(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return x < -87 ? 0 : p * power;
}

// Shifted by the largest value, so that no exponential overflows.
void softmax(float* row, int64_t count) {
  float largest = row[0];
  for (int64_t i = 1; i < count; ++i) largest = std::max(largest, row[i]);
  for (int64_t i = 0; i < count; ++i) row[i] = exponential(std::max(row[i] - largest, -100.0f));
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += row[i];
  for (int64_t i = 0; i < count; ++i) row[i] /= sum;
}

template <typename Element>
uint32_t dot_row(const Element* a, const Element* b, int64_t count) {
  uint32_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += uint32_t(int32_t(a[i]) * b[i]);
  return sum;
}

}  // namespace
}  // namespace xfblas
