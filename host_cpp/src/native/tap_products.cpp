#include "native/tap_products.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "native/sums_on_tiles.hpp"

namespace xfblas {
namespace {

// Output pixels whose products are made at once, so that these stay in the first-level cache. On
// tiles as many as, twice upsampled, meet the pixels of one.
constexpr int64_t most_columns_at_once = 64, columns_of_tile = 30;
// With fewer channels adding costs what is saved.
constexpr uint32_t fewest_channels = 16;

WindowBlock& block_of_thread() {
  static thread_local WindowBlock block;
  return block;
}

Workspace& space_of_thread() {
  static thread_local Workspace space;
  return space;
}

TapAxis rows_of(const FeatureMap& map) {
  return {map.up_y, map.kernel_y, map.stride_y, map.dilation_y, map.pad_top};
}
TapAxis columns_of(const FeatureMap& map) {
  return {map.up_x, map.kernel_x, map.stride_x, map.dilation_x, map.pad_left};
}

std::vector<int64_t> met_by(const TapAxis& axis, int64_t first, int64_t outputs) {
  std::vector<int64_t> met;
  for (int64_t output = first; output < first + outputs; ++output)
    for (int64_t tap = 0; tap < axis.kernel; ++tap) met.push_back(axis.pixel(output, tap));
  return met;
}

FeatureMap single_pixels(FeatureMap map, int64_t first_row, int64_t first_column) {
  map.kernel_y = map.kernel_x = map.stride_y = map.stride_x = map.dilation_y = map.dilation_x = 1;
  map.up_y = map.up_x = 1;
  map.pad_top = int32_t(-first_row), map.pad_left = int32_t(-first_column);
  return map;
}

}  // namespace

// What tiles were packed for has whole steps of k for each tap where channels are such.
bool TapProducts::pays(const FeatureMap& map, const Panels& panels) {
  if (panels.has_tiles() && map.channels % tile_depth != 0) return false;
  return map.up_y * map.up_x > 1 && map.stride_y < map.up_y + 1 && map.stride_x < map.up_x + 1 &&
         map.taps() > 1 && map.channels % 4 == 0 && map.channels >= fewest_channels;
}

int64_t TapProducts::pixels_of(const FeatureMap& map, int64_t rows, int64_t columns) {
  return rows_of(map).span(rows) * columns_of(map).span(columns);
}

TapProducts::TapProducts(const Kernels& kernels, const IntegerProduct& product,
                         const FeatureMap& map, const Panels& panels, const SourceOfWindows& source,
                         const OutputPart& part, ThreadSpace& space)
    : kernels_(kernels),
      product_(product),
      map_(map),
      panels_(panels),
      part_(part),
      rows_(rows_of(map)),
      columns_(columns_of(map)),
      first_row_(rows_.first(part.y)),
      first_column_(columns_.first(part.x)),
      pixels_(source.data, single_pixels(map, first_row_, first_column_), source.lda,
              source.element_bytes),
      block_(block_of_thread()),
      space_(space),
      columns_at_once_(panels.has_tiles() ? columns_of_tile : most_columns_at_once) {
  const auto last_row = rows_.last(part.y + part.rows - 1);
  const auto last_column = columns_.last(part.x + part.columns - 1);
  const OutputPart pixels{part.frame, 0, 0, last_row - first_row_ + 1,
                          last_column - first_column_ + 1};
  if (panels.has_tiles()) planes_ = block_.take_planes(kernels, pixels_, pixels);
  else block_.take(kernels, pixels_, pixels, panels.has_quads());
  rows_met_ = met_by(rows_, part.y, part.rows);
  columns_met_ = met_by(columns_, part.x, part.columns);
  kept_rows_ = rows_.span(1);
  kept_columns_ = rounded_up(columns_.span(columns_at_once_), tile_rows);
  tap_sums_ = kept_columns_ * kernels.width();
  const auto width = int64_t(kernels.width());
  const auto tile = int64_t(kernels.rows_of_tile(1)) * width;
  sums_ = space_of_thread().room<int32_t>(
      size_t(tile + width + kept_rows_ * map.taps() * kept_columns_ * width));
  starts_ = sums_ + tile;
  products_ = starts_ + width;
}

std::optional<SumPath> TapProducts::path_for(const Panel& panel) {
  if (product_.element_bytes() == 1 || product_.needs_low_bits_only()) return SumPath::low_bits;
  if (panels_.has_tiles()) {
    const SumsOnTiles sums(kernels_, product_, panels_, panel, planes_);
    if (sums.reach() == Reach::wide) return std::nullopt;
    return SumPath::proved;
  }
  if (panels_.proves_everything() || panel.bounds->prove(block_.range()) ||
      panel.bounds->prove_by_norm(std::sqrt(double(map_.taps())) * block_.largest_norm()))
    return SumPath::proved;
  return std::nullopt;
}

void TapProducts::run(const Panel& panel, SumPath path) {
  std::optional<OpenTiles> open;
  if (panels_.has_tiles()) open.emplace(*kernels_.tiles);
  clamped_ = clamped_tile(kernels_, product_, panel, 0, path, starts_);
  for (int64_t x = 0; x < part_.columns; x += columns_at_once_)
    run_columns(panel, path, x, std::min(part_.columns, x + columns_at_once_));
}

// Of the first tap and pixel.
int32_t* TapProducts::sums_of(int64_t row) const {
  return products_ + (row - first_row_) % kept_rows_ * int64_t(map_.taps()) * tap_sums_;
}

// The first and the last rows of a part are met by some rows of the kernel alone.
bool TapProducts::is_met(int64_t row, int64_t tap) const {
  const auto kernel_row = tap / columns_.kernel;
  return row >= rows_.pixel(part_.y, kernel_row) &&
         row <= rows_.pixel(part_.y + part_.rows - 1, kernel_row);
}

// One row of pixels times each tap's rows of B.
void TapProducts::multiply_row(const Panel& panel, int64_t row, int64_t first, int64_t count) {
  const auto& a = block_.elements();
  const auto channels = int64_t(map_.channels), tile = int64_t(kernels_.rows_of_tile(panel.vectors));
  const auto width = int64_t(panel.vectors) * kernels_.lanes;
  const bool quads = panels_.has_quads();
  const Runs runs{0, 1, channels / (quads ? 4 : 2)};
  const auto* from = a.data + (row - first_row_) * a.line + (first - first_column_) * a.stride;
  const auto tiles = (count + tile - 1) / tile;
  auto* sums = sums_of(row);
  for (int64_t tap = 0; tap < int64_t(map_.taps()); ++tap, sums += tap_sums_) {
    if (!is_met(row, tap)) continue;
    const auto* b = static_cast<const char*>(panel.packed) + tap * channels * width * (quads ? 1 : 2);
    for (int64_t i = 0; i < tiles; ++i) {
      const auto pixel = i * count / tiles, end = (i + 1) * count / tiles;
      (quads ? kernels_.quads : kernels_.pairs)(
          int(end - pixel), panel.vectors, from + pixel * a.stride, a.stride, runs, b, false,
          space_.soon.take(runs.steps), sums + pixel * kernels_.width());
    }
  }
}

// The same on tiles.
void TapProducts::multiply_row_on_tiles(const Panel& panel, int64_t row, int64_t first,
                                        int64_t count) {
  const SumsOnTiles sums(kernels_, product_, panels_, panel, planes_);
  const auto& a = planes_.rows;
  const auto channels = int64_t(map_.channels);
  const Runs runs{0, 1, channels};
  const auto* from = reinterpret_cast<const int8_t*>(a.data) + (row - first_row_) * a.line +
                     (first - first_column_) * a.stride;
  auto* to = sums_of(row);
  for (int64_t tap = 0; tap < int64_t(map_.taps()); ++tap, to += tap_sums_) {
    if (!is_met(row, tap)) continue;
    for (int64_t pixel = 0; pixel < count; pixel += rows_on_tiles)
      sums.add(from + pixel * a.stride, int(std::min<int64_t>(rows_on_tiles, count - pixel)), runs,
               tap * channels, true, to + pixel * kernels_.width(), nullptr);
  }
}

void TapProducts::run_columns(const Panel& panel, SumPath path, int64_t x, int64_t end) {
  const auto first = columns_met_[size_t(x * columns_.kernel)];
  const auto count = columns_met_[size_t(end * columns_.kernel - 1)] - first + 1;
  const auto tile = int64_t(kernels_.rows_of_tile(panel.vectors)), taps = int64_t(map_.taps());
  // Of each output pixel, where its taps' products are behind those of the first pixel.
  offsets_.clear();
  for (int64_t pixel = x; pixel < end; ++pixel) {
    const auto* met = &columns_met_[size_t(pixel * columns_.kernel)];
    for (int64_t row = 0; row < rows_.kernel; ++row)
      for (int64_t column = 0; column < columns_.kernel; ++column)
        offsets_.push_back(int32_t((met[column] - first) * kernels_.width()));
  }
  auto made = rows_.first(part_.y);  // the next row of pixels to multiply
  for (int64_t y = 0; y < part_.rows; ++y) {
    const auto* met = &rows_met_[size_t(y * rows_.kernel)];
    for (; made <= met[rows_.kernel - 1]; ++made) {
      if (panels_.has_tiles()) multiply_row_on_tiles(panel, made, first, count);
      else multiply_row(panel, made, first, count);
    }
    begins_.clear();
    for (int64_t row = 0; row < rows_.kernel; ++row)
      for (int64_t column = 0; column < columns_.kernel; ++column)
        begins_.push_back(sums_of(met[row]) + (row * columns_.kernel + column) * tap_sums_);
    for (int64_t begin = x; begin < end; begin += tile) {
      const auto pixels = int(std::min(tile, end - begin));
      const auto* offsets = &offsets_[size_t((begin - x) * taps)];
      if (clamped_) {
        auto to = *clamped_;
        to.c += y * product_.c_line + begin * product_.ldc;
        kernels_.clamped_sums(pixels, begins_.data(), offsets, int(taps), to);
        continue;
      }
      kernels_.add_sums(pixels, panel.vectors, begins_.data(), offsets, int(taps), sums_);
      finish_sums(kernels_, product_, reach_of(product_, path),
                  SumsOfTile{sums_, nullptr, panel.column_offsets},
                  {y, begin, panel.column}, pixels, panel.columns);
    }
  }
}

}  // namespace xfblas
