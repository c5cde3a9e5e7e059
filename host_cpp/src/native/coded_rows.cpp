#include "native/coded_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "error.hpp"
#include "native/kernels.hpp"

namespace xfblas {
namespace {

bool encode_digits(const float* row, const InputCoding& coding, const NearCoding* near,
                   int16_t* high, int16_t* low) {
  return kernels().encode16(row, coding, near, high, low);
}
bool encode_digits(const float* row, const InputCoding& coding, const NearCoding* near,
                   int8_t* high, int8_t* low) {
  return kernels().encode8(row, coding, near, high, low);
}

// By whole chunks, the last of which overlaps the one before: most runs are too short for a call of
// memcpy to pay.
template <typename Element>
void copy(const Element* from, int64_t count, Element* to) {
  constexpr int64_t chunk = 16 / sizeof(Element);
  if (count < chunk) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
    return;
  }
  for (int64_t i = 0; i + chunk <= count; i += chunk) std::memcpy(to + i, from + i, 16);
  std::memcpy(to + count - chunk, from + count - chunk, 16);
}

// Where less than one of so many features has two digits, the others are not encoded in double; for
// fewer rows finding them takes longer.
constexpr int64_t whole_beside_low = 4;
constexpr uint64_t fewest_rows = 8;

// Encodes one row after the other; Element is int8_t or int16_t.
template <typename Element>
class InputDigits {
 public:
  // near: the coding in single precision, or null. rows: how many will be encoded.
  InputDigits(const InputCoding& coding, const NearCoding* near, uint64_t elements, uint64_t rows);

  // Returns false where all values are finite and within the coding's limit.
  bool encode(const float* row, Element* to);

 private:
  // Elements that are neighbours among the digits too.
  struct Run {
    int64_t first_digit, first_element, count;
  };

  // Where they are few; then columns are of what is gathered.
  void gather(std::vector<int64_t>& columns);
  bool encode_gathered(const float* row, Element* low);

  const InputCoding& coding_;
  const NearCoding* near_;
  std::vector<Run> runs_;        // where the coding has columns
  bool has_low_ = false;         // whether any of them takes a low digit
  std::vector<Element> digits_;  // the high ones of all features, then the low ones that there are
  // Features that have low digits, one behind the other, where they are not many.
  InputCoding gathered_{};
  std::vector<int64_t> features_;
  std::vector<double> scales_, offsets_;
  std::vector<float> values_;
  std::vector<Element> high_;  // which are known already
};

template <typename Element>
InputDigits<Element>::InputDigits(const InputCoding& coding, const NearCoding* near,
                                  uint64_t elements, uint64_t rows)
    : coding_(coding), near_(near) {
  if (!coding.columns) return;
  // Without a base the low digits stay zeros.
  digits_.resize(2 * coding.features);
  std::vector<int64_t> columns(coding.columns, coding.columns + elements);
  const auto is_low = [&](int64_t column) { return column >= int64_t(coding.features); };
  has_low_ = coding.base != 0 && std::any_of(columns.begin(), columns.end(), is_low);
  if (near && has_low_ && rows >= fewest_rows) gather(columns);
  for (int64_t e = 0; e < int64_t(elements);) {
    const auto first = e;
    do ++e;
    while (e < int64_t(elements) && columns[e] == columns[e - 1] + 1);
    runs_.push_back({columns[first], first, e - first});
  }
}

template <typename Element>
void InputDigits<Element>::gather(std::vector<int64_t>& columns) {
  const auto features = int64_t(coding_.features);
  std::vector<int64_t> places(coding_.features, -1);
  for (auto column : columns)
    if (column >= features && places[size_t(column - features)] < 0) {
      places[size_t(column - features)] = int64_t(features_.size());
      features_.push_back(column - features);
    }
  if (int64_t(features_.size()) * whole_beside_low >= features) return features_.clear();
  for (auto& column : columns)
    if (column >= features) column = features + places[size_t(column - features)];
  for (const auto feature : features_) {
    scales_.push_back(coding_.scales[feature]);
    if (coding_.offsets) offsets_.push_back(coding_.offsets[feature]);
  }
  values_.resize(features_.size()), high_.resize(features_.size());
  gathered_ = coding_;
  gathered_.features = features_.size(), gathered_.columns = nullptr;
  gathered_.scales = scales_.data();
  gathered_.offsets = coding_.offsets ? offsets_.data() : nullptr;
}

// High digits in single precision, and both in double of the few that have two.
template <typename Element>
bool InputDigits<Element>::encode_gathered(const float* row, Element* low) {
  for (size_t i = 0; i < features_.size(); ++i) values_[i] = row[features_[i]];
  const bool beyond = encode_digits(row, coding_, near_, digits_.data(), nullptr);
  return encode_digits(values_.data(), gathered_, nullptr, high_.data(), low) || beyond;
}

template <typename Element>
bool InputDigits<Element>::encode(const float* row, Element* to) {
  if (!coding_.columns) return encode_digits(row, coding_, near_, to, nullptr);
  auto* high = digits_.data();
  auto* low = has_low_ ? high + coding_.features : nullptr;
  const bool beyond = features_.empty() ? encode_digits(row, coding_, near_, high, low)
                                    : encode_gathered(row, low);
  for (const auto& run : runs_) copy(high + run.first_digit, run.count, to + run.first_element);
  return beyond;
}

// A row with a value that is not finite, or that its coding clamps.
void look_at(const ForwardPass& pass, uint64_t row) {
  const auto* first = pass.input + row * pass.input_coding.features;
  const auto* end = first + pass.input_coding.features;
  const auto* bad = std::find_if(first, end, [](float value) { return !std::isfinite(value); });
  if (bad != end)
    fail(XFBLAS_STATUS_INVALID_VALUE, "input has ", *bad, " at row ", row, ", column ", bad - first,
         "; every value must be finite");
  if (pass.clipped) pass.clipped->count(first);
}

// Rows of few features, such as pixels, leave vectors nearly empty: so many are encoded as one.
constexpr uint64_t rows_together = 64, few_features = 64, least_rows = 4 * rows_together;

// Codes rows that lie one behind the other as if they were one.
class RowsTogether {
 public:
  RowsTogether(const InputCoding& coding, const NearCoding* near) : coding_(coding) {
    coding_.features *= rows_together;
    coding_.scales = repeated(coding.scales, coding.features, doubles_[0]);
    coding_.offsets = repeated(coding.offsets, coding.features, doubles_[1]);
    if (!near) return;
    near_ = {repeated(near->scales, coding.features, floats_[0]),
             repeated(near->shifts, coding.features, floats_[1]), near->margin, near->slope};
    has_near_ = true;
  }
  const InputCoding& coding() const { return coding_; }
  const NearCoding* near() const { return has_near_ ? &near_ : nullptr; }

 private:
  template <typename Number>
  static const Number* repeated(const Number* from, uint64_t count, std::vector<Number>& to) {
    if (!from) return nullptr;
    for (uint64_t i = 0; i < rows_together; ++i) to.insert(to.end(), from, from + count);
    return to.data();
  }

  InputCoding coding_;
  NearCoding near_{};
  bool has_near_ = false;
  std::vector<double> doubles_[2];
  std::vector<float> floats_[2];
};

// As many rows as can be coded together, whose number it returns.
template <typename Element>
uint64_t encode_together(const ForwardPass& pass, uint64_t first, uint64_t rows, char* to,
                         uint64_t stride) {
  const auto& coding = pass.input_coding;
  if (coding.columns || coding.features >= few_features || rows < least_rows ||
      stride != coding.features * sizeof(Element))
    return 0;
  const RowsTogether together(coding, pass.near);
  InputDigits<Element> digits(together.coding(), together.near(), together.coding().features,
                              rows);
  uint64_t done = 0;
  for (; done + rows_together <= rows; done += rows_together, to += rows_together * stride)
    if (digits.encode(pass.input + (first + done) * coding.features,
                      reinterpret_cast<Element*>(to)))
      for (uint64_t i = 0; i < rows_together; ++i) look_at(pass, first + done + i);
  return done;
}

// place(i): where the row that is i behind the first goes; take(i): it is there.
template <typename Element, typename Place, typename Take>
void encode_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, const Place& place,
                 const Take& take) {
  InputDigits<Element> digits(pass.input_coding, pass.near, pass.elements, rows);
  for (uint64_t i = 0; i < rows; ++i) {
    const float* row = pass.input + (first + i) * pass.input_coding.features;
    if (digits.encode(row, reinterpret_cast<Element*>(place(i)))) look_at(pass, first + i);
    take(i);
  }
}

template <typename Element>
void encode_into(const ForwardPass& pass, uint64_t first, uint64_t rows, char* to,
                 uint64_t stride) {
  const auto done = encode_together<Element>(pass, first, rows, to, stride);
  encode_rows<Element>(
      pass, first + done, rows - done, [&](uint64_t i) { return to + (done + i) * stride; },
      [](uint64_t) {});
}

}  // namespace

void quantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                   char* to, uint64_t stride) {
  if (element_bytes == 2) encode_into<int16_t>(pass, first, rows, to, stride);
  else encode_into<int8_t>(pass, first, rows, to, stride);
}

RowPlanes quantize_planes(const ForwardPass& pass, uint64_t first, uint64_t rows, int64_t k,
                          int16_t* row, RowBlock& to) {
  to.begin_planes(kernels(), int64_t(rows), k);
  encode_rows<int16_t>(
      pass, first, rows, [&](uint64_t) { return row; },
      [&](uint64_t i) { to.split(row, int64_t(i)); });
  return to.planes();
}

void dequantize_rows(const ForwardPass& pass, uint64_t first, uint64_t rows, int element_bytes,
                     const char* from, uint64_t stride) {
  const auto& coding = pass.output_coding;
  static thread_local std::vector<float> space;
  space.resize(std::max(space.size(), kernels().decode_space(coding)));
  float* to = pass.output + first * coding.columns;
  const auto step = int64_t(stride) / element_bytes;
  if (element_bytes == 2)
    kernels().decode16(reinterpret_cast<const int16_t*>(from), step, int64_t(rows), coding,
                       space.data(), to);
  else
    kernels().decode8(reinterpret_cast<const int8_t*>(from), step, int64_t(rows), coding,
                      space.data(), to);
}

}  // namespace xfblas
