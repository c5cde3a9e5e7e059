#include "native/row_block.hpp"

#include <cmath>
#include <cstring>

namespace xfblas {
namespace {

// Rows this far apart fall into few sets of the cache.
bool is_unlucky(ptrdiff_t stride) { return stride % 1024 == 0; }

void copy_row(const int16_t* row, int64_t count, int16_t* to) {
  std::memcpy(to, row, size_t(count) * sizeof(int16_t));
}

}  // namespace

template <typename To, typename From>
void RowBlock::convert(Workspace& workspace, TileRows& rows,
                       void (*row)(const From*, int64_t, To*)) {
  const auto stride = padded_stride(k_ * int64_t(sizeof(To)));
  auto* to = workspace.room<char>(size_t(rows_ * stride));
  const auto* from = static_cast<const From*>(source_.data);
  for (int64_t i = 0; i < rows_; ++i) {
    auto* at = reinterpret_cast<To*>(to + i * stride);
    row(from + i * source_.lda, k_, at);
    // B is zero behind k, but a tile reads what is here.
    std::memset(at + k_, 0, 8);
  }
  rows = {to, stride, sizeof(To)};
}

void RowBlock::take(const Kernels& kernels, const SourceOfA& a, int64_t first, int64_t rows,
                    int64_t k, bool as_quads, int64_t passes) {
  kernels_ = &kernels;
  source_ = a;
  source_.data = static_cast<const char*>(a.data) + first * a.lda * a.element_bytes;
  rows_ = rows, k_ = k;
  has_range_ = has_norm_ = has_bounds_ = false;
  high_words_ = high_bytes_ = {};
  if (a.element_bytes == 1) {
    if (as_quads) convert<uint8_t, int8_t>(element_space_, elements_, kernels.offset_row);
    else convert<int16_t, int8_t>(element_space_, elements_, kernels.widen_row);
    return;
  }
  const auto stride = ptrdiff_t(a.lda * 2);
  const bool pays = rows > 4 && passes > 1;
  if (k % 2 != 0 || (is_unlucky(stride) && pays))
    convert<int16_t, int16_t>(element_space_, elements_, copy_row);
  else elements_ = {static_cast<const char*>(source_.data), stride, 2};
}

RowPlanes RowBlock::take_planes(const Kernels& kernels, const SourceOfA& a, int64_t first,
                                int64_t rows, int64_t k) {
  const auto* from = static_cast<const char*>(a.data) + first * a.lda * a.element_bytes;
  if (a.element_bytes == 2) {
    begin_planes(kernels, rows, k);
    for (int64_t i = 0; i < rows; ++i) split(reinterpret_cast<const int16_t*>(from) + i * a.lda, i);
    return planes();
  }
  const auto whole = rounded_up(k, tile_depth);
  const auto stride = padded_stride(whole);
  auto* to = element_space_.room<char>(size_t(rounded_up(rows, 2 * tile_rows) * stride));
  for (int64_t i = 0; i < rows; ++i) {
    std::memcpy(to + i * stride, from + i * a.lda, size_t(k));
    std::memset(to + i * stride + k, 0, size_t(whole - k));
  }
  return {{to, stride, 1}, 0, 1, {}};
}

void RowBlock::begin_planes(const Kernels& kernels, int64_t rows, int64_t k) {
  kernels_ = &kernels;
  k_ = k;
  range_ = {};
  const auto stride = padded_stride(k);
  const auto plane = rounded_up(rows, 2 * tile_rows) * stride;
  elements_ = {element_space_.room<char>(size_t(2 * plane)), stride, 1};
  plane_ = plane;
}

void RowBlock::split(const int16_t* row, int64_t i) {
  auto* high = element_space_.room<int8_t>(0) + i * elements_.stride;
  ElementRange found{};
  kernels_->range_of_rows(row, 0, 1, k_, &found.lowest, &found.highest);
  range_ = {std::min(range_.lowest, found.lowest), std::max(range_.highest, found.highest)};
  kernels_->tiles->split_row(row, k_, high, high + plane_);
}

RowPlanes RowBlock::planes() const {
  if (range_.lowest < -128 || range_.highest > 127) return {elements_, plane_, 2, range_};
  // The low bytes of such elements are these elements.
  return {{elements_.data + plane_, elements_.stride, 1}, 0, 1, range_};
}

const ElementRange& RowBlock::range() {
  if (!has_range_)
    kernels_->range_of_rows(static_cast<const int16_t*>(source_.data), source_.lda, rows_, k_,
                            &range_.lowest, &range_.highest);
  has_range_ = true;
  return range_;
}

double RowBlock::largest_norm() {
  if (!has_norm_)
    largest_norm_ = std::sqrt(double(kernels_->largest_squares(
        static_cast<const int16_t*>(source_.data), source_.lda, rows_, k_)));
  has_norm_ = true;
  return largest_norm_;
}

const RowBounds& RowBlock::bounds() {
  if (!has_bounds_)
    bounds_ = row_bounds(*kernels_, static_cast<const int16_t*>(source_.data), source_.lda, rows_,
                         k_, range());
  has_bounds_ = true;
  return bounds_;
}

const TileRows& RowBlock::high_words() {
  if (!high_words_.data) convert<int16_t, int16_t>(high_space_, high_words_, kernels_->high_words);
  return high_words_;
}

const TileRows& RowBlock::high_bytes() {
  if (!high_bytes_.data) convert<uint8_t, int16_t>(high_space_, high_bytes_, kernels_->high_bytes);
  return high_bytes_;
}

}  // namespace xfblas
