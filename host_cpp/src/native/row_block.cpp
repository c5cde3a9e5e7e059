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
  kernels_ = &kernels;
  source_ = a;
  source_.data = static_cast<const char*>(a.data) + first * a.lda * a.element_bytes;
  rows_ = rows, k_ = k;
  has_range_ = has_norm_ = has_bounds_ = false;
  const auto whole = rounded_up(k, tile_depth);
  const auto stride = padded_stride(whole);
  const auto plane = rounded_up(rows, 2 * tile_rows) * stride;
  const bool is_byte = a.element_bytes == 1 || (range().lowest >= -128 && range().highest <= 127);
  const int count = is_byte ? 1 : 2;
  auto* to = element_space_.room<int8_t>(size_t(count * plane));
  for (int64_t i = 0; i < rows; ++i) {
    auto* row = to + i * stride;
    if (a.element_bytes == 1) {
      std::memcpy(row, static_cast<const int8_t*>(source_.data) + i * a.lda, size_t(k));
      std::memset(row + k, 0, size_t(whole - k));
    } else {
      kernels.tiles->split_row(static_cast<const int16_t*>(source_.data) + i * a.lda, k, row,
                               is_byte ? nullptr : row + plane);
    }
  }
  return {{reinterpret_cast<const char*>(to), stride, 1}, plane, count, range_};
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
