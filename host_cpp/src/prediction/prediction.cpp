#include "prediction/prediction.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <mutex>

#include "error.hpp"
#include "memory/memory.hpp"
#include "process_state.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

// Windows are added up in 32 bits.
constexpr uint64_t most_windows = 4096;
constexpr int64_t largest_offset = 1 << 30;

void check_coding(const InputCoding& coding, uint64_t elements, int64_t largest) {
  require(coding.features > 0, invalid, "coding.features is 0, expected 1 or more");
  require(coding.scales != nullptr, invalid,
          "coding.scales is NULL, expected one for each feature");
  require(coding.limit >= 1 && coding.limit <= double(largest), invalid, "coding.limit is ",
          coding.limit, ", expected 1 to ", largest);
  require(coding.base >= 0 && coding.base / 2 <= double(largest), invalid, "coding.base is ",
          coding.base, ", expected 0 to ", 2 * largest);
  if (!coding.columns) {
    require(coding.features == elements, invalid, "coding.features is ", coding.features,
            ", but d_A has ", elements, " columns");
    return;
  }
  for (uint64_t e = 0; e < elements; ++e)
    require(coding.columns[e] >= 0 && uint64_t(coding.columns[e]) < 2 * coding.features, invalid,
            "coding.columns[", e, "] is ", coding.columns[e], ", expected 0 to ",
            2 * coding.features - 1);
}

void check_decoding(const OutputCoding& coding, uint64_t columns) {
  require(coding.scales != nullptr, invalid, "output.scales is NULL, expected one for each column");
  require(coding.windows >= 1 && coding.columns * coding.windows == columns, invalid,
          "output.columns is ", coding.columns, " and output.windows ", coding.windows,
          ", but the last layer has ", columns, " columns");
  require(coding.windows <= most_windows, invalid, "output.windows is ", coding.windows,
          ", expected at most ", most_windows);
  require(std::abs(coding.offset) <= largest_offset, invalid, "output.offset is ", coding.offset,
          ", expected at most ", largest_offset, " to either side");
}

void check_rows(const ForwardPass& pass, uint64_t output_rows) {
  const auto matrix_of = [](const float* data, uint64_t rows, uint64_t columns) {
    return host_matrix(data, int64_t(rows), int64_t(columns), int64_t(columns), sizeof(float));
  };
  const auto input = matrix_of(pass.input, pass.rows, pass.input_coding.features);
  const auto output = matrix_of(pass.output, output_rows, pass.output_coding.columns);
  require_operand("input", input);
  require_operand("output", output);
  require_disjoint("output", output, "input", input);
}

}  // namespace

void require_consistent(const ForwardPass& pass, uint64_t columns, uint32_t element_bytes) {
  require_consistent(pass, columns, element_bytes, pass.rows);
}

void require_consistent(const ForwardPass& pass, uint64_t columns, uint32_t element_bytes,
                        uint64_t output_rows) {
  check_coding(pass.input_coding, pass.elements, (int64_t(1) << (8 * element_bytes - 1)) - 1);
  check_decoding(pass.output_coding, columns);
  check_rows(pass, output_rows);
}

void ClippedValues::count(const float* row) {
  if (!total_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  counts_.resize(coding_.features);
  factors_.resize(coding_.features);
  bool is_clipped = false;
  for (uint64_t f = 0; f < coding_.features; ++f) {
    const auto offset = coding_.offsets ? coding_.offsets[f] : 0.0;
    const auto size = std::abs((double(row[f]) - offset) * coding_.scales[f]);
    if (!(size > coding_.limit + 0.5)) continue;
    is_clipped = true;
    ++counts_[f];
    factors_[f] = std::max(factors_[f], size / coding_.limit);
  }
  rows_ += is_clipped;
}

void ClippedValues::add_up() const {
  if (rows_ == 0) return;
  // Calls on several units may share the total.
  const std::lock_guard<std::mutex> lock(ProcessState<std::mutex>::get());
  for (uint64_t f = 0; f < coding_.features; ++f) {
    total_->counts[f] += counts_[f];
    total_->factors[f] = std::max(total_->factors[f], factors_[f]);
  }
  total_->rows += rows_;
}

}  // namespace xfblas
