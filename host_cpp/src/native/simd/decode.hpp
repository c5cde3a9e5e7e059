// The last layer's elements into floats, and softmax; see OutputCoding.
//
// Layers end in few columns, which would leave most lanes of a vector empty: rows are taken
// together, one to a lane. Each row's operations and their order are those of a single row.

namespace xfblas {
namespace {

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

// What a row in a lane has for a row alone: values[j] is column j of all rows.
using Lanes = float[lanes];

inline void softmax_of_lanes(Lanes* values, int64_t count) {
  Lanes largest, sum = {};
  std::copy_n(values[0], lanes, largest);
  for (int64_t j = 1; j < count; ++j)
    for (int i = 0; i < lanes; ++i) largest[i] = std::max(largest[i], values[j][i]);
  for (int64_t j = 0; j < count; ++j)
    for (int i = 0; i < lanes; ++i)
      values[j][i] = exponential(std::max(-100.0f, values[j][i] - largest[i]));
  for (int64_t j = 0; j < count; ++j)
    for (int i = 0; i < lanes; ++i) sum[i] += values[j][i];
  for (int64_t j = 0; j < count; ++j)
    for (int i = 0; i < lanes; ++i) values[j][i] /= sum[i];
}

inline void apply_slope(float slope, int64_t count, float* values) {
  if (slope == 1) return;
  for (int64_t i = 0; i < count; ++i) values[i] = values[i] < 0 ? values[i] * slope : values[i];
}

// Adds up the windows of a row. Whole vectors are written.
template <typename Element>
inline void join_windows(const Element* from, const OutputCoding& coding, int32_t* sums) {
  const auto columns = int64_t(coding.columns);
  for (int64_t j = 0; j < columns; j += lanes) {
    const auto count = int(std::min<int64_t>(lanes, columns - j));
    auto sum = set(int32_t(coding.offset));
    for (auto *at = from + j, *end = at + int64_t(coding.windows) * columns; at != end;
         at += columns)
      sum = add(sum, count == lanes ? load_lanes(at) : load_part(at, count));
    store(sums + j, sum);
  }
}

template <typename Element>
inline void decode_row(const Element* from, const OutputCoding& coding, int32_t* sums, float* to) {
  const auto columns = int64_t(coding.columns);
  join_windows(from, coding, sums);
  for (int64_t j = 0; j < columns; ++j) to[j] = float(sums[j]) / coding.scales[j];
  apply_slope(coding.slope, columns, to);
  if (coding.has_softmax) softmax(to, columns);
}

// As many rows as a vector has lanes, or fewer.
template <typename Element>
inline void decode_lanes(const Element* from, int64_t stride, int rows, const OutputCoding& coding,
                         int32_t* sums, Lanes* values, float* to) {
  const auto columns = int64_t(coding.columns);
  const auto sums_stride = columns + lanes;
  const bool joins = coding.windows > 1;
  const auto offset = int32_t(coding.offset);
  for (int i = 0; joins && i < rows; ++i)
    join_windows(from + i * stride, coding, sums + i * sums_stride);
  for (int64_t j = 0; j < columns; ++j) {
    int32_t column[lanes] = {};
    for (int i = 0; i < rows; ++i)
      column[i] = joins ? sums[i * sums_stride + j] : offset + from[i * stride + j];
    // A copy, which the compiler knows not to change with the values.
    const float scale = coding.scales[j];
    for (int i = 0; i < lanes; ++i) values[j][i] = float(column[i]) / scale;
    apply_slope(coding.slope, lanes, values[j]);
  }
  if (coding.has_softmax) softmax_of_lanes(values, columns);
  for (int64_t j = 0; j < columns; ++j)
    for (int i = 0; i < rows; ++i) to[i * columns + j] = values[j][i];
}

template <typename Element>
void decode(const Element* from, int64_t stride, int64_t rows, const OutputCoding& coding,
            float* space, float* to) {
  // Below this most lanes would be empty.
  constexpr int fewest_rows = (lanes + 3) / 4;
  const auto columns = int64_t(coding.columns);
  auto* sums = reinterpret_cast<int32_t*>(space);
  auto* values = reinterpret_cast<Lanes*>(space + lanes * (columns + lanes));
  while (rows > 0) {
    const auto taken = rows < fewest_rows ? 1 : int(std::min<int64_t>(lanes, rows));
    if (taken == 1) decode_row(from, coding, sums, to);
    else decode_lanes(from, stride, taken, coding, sums, values, to);
    from += taken * stride, to += taken * columns, rows -= taken;
  }
}

}  // namespace
}  // namespace xfblas
