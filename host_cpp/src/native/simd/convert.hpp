// Floats into elements and back, and the softmax of a row.

namespace xfblas {
namespace {

// Elements of floats, see nearest_integer. Returns the index of the first value that is not finite,
// or -1; `to` is then of no use.
template <typename Element>
int64_t quantize(const float* from, const double* scales, const double* offsets, double limit,
                 int64_t count, Element* to) {
  bool is_finite = true;
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    is_finite &= are_finite(from + i);
    store_lanes(to + i, quantized(from + i, scales + i, offsets ? offsets + i : nullptr, limit));
  }
  for (; i < count; ++i) {
    is_finite &= std::isfinite(from[i]);
    to[i] = Element(nearest_integer((from[i] - (offsets ? offsets[i] : 0)) * scales[i], limit));
  }
  if (is_finite) return -1;
  return std::find_if(from, from + count, [](float value) { return !std::isfinite(value); }) - from;
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
  const uint32_t bits = uint32_t(int32_t(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return x < -87 ? 0 : p * power;
}

// Shifted by the largest value, so that no exponential overflows.
void softmax(float* row, int64_t count) {
  float largest = row[0];
  for (int64_t i = 1; i < count; ++i) largest = std::max(largest, row[i]);
  for (int64_t i = 0; i < count; ++i) row[i] = exponential(std::max(-100.0f, row[i] - largest));
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
