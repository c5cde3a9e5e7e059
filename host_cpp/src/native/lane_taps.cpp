#include "native/lane_taps.hpp"

#include <algorithm>
#include <cstring>

namespace xfblas {
namespace {

// Pixels whose parts are made at once: whole tiles of 12, which stay in the first-level cache.
constexpr int64_t pixels_at_once = 72;
// For fewer output pixels B is not packed once more.
constexpr int64_t fewest_pixels = 64;

int64_t vectors_of(const Kernels& kernels, int64_t columns) {
  return (columns + kernels.lanes - 1) / kernels.lanes;
}

// After so many columns those of B, `n` in each row, repeat.
int64_t different_columns(const std::vector<char>& rows, int64_t n, int64_t element_bytes) {
  const auto repeats = [&](int64_t columns) {
    for (size_t row = 0; row < rows.size(); row += size_t(n * element_bytes))
      if (std::memcmp(&rows[row], &rows[row + size_t(columns * element_bytes)],
                      size_t((n - columns) * element_bytes)) != 0)
        return false;
    return true;
  };
  int64_t columns = 1;
  while (columns < n && !(n % columns == 0 && repeats(columns))) ++columns;
  return columns;
}

// A row for each row of the kernel and channel, of the first columns of B's rows of all the
// kernel's columns.
std::vector<char> side_by_side(const SourceOfWindows& source, const std::vector<char>& rows,
                               int64_t columns, int64_t n) {
  const auto& map = source.map;
  const auto channels = int64_t(map.channels), taps = int64_t(map.kernel_x);
  const auto bytes = size_t(columns * source.element_bytes);
  std::vector<char> found(size_t(int64_t(map.taps()) * channels) * bytes);
  auto* to = found.data();
  for (int64_t y = 0; y < map.kernel_y; ++y)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t x = 0; x < taps; ++x, to += bytes) {
        const auto row = (y * taps + x) * channels + c;
        std::memcpy(to, &rows[size_t(row * n * source.element_bytes)], bytes);
      }
  return found;
}

}  // namespace

std::optional<LaneTaps> LaneTaps::of(const Kernels& kernels, const SourceOfWindows& source,
                                     const Panels& panels, int64_t n) {
  const auto taps = int64_t(source.map.kernel_x);
  if (source.map.pixels() < fewest_pixels || source.columns.step() != 1 || taps == 1 ||
      n > kernels.lanes)
    return std::nullopt;
  std::vector<char> rows(size_t(int64_t(source.map.taps()) * source.map.channels * n *
                                source.element_bytes));
  panels.unpack(rows.data(), n);
  const auto different = different_columns(rows, n, source.element_bytes);
  if (taps * different > kernels.width() || 2 * vectors_of(kernels, taps * different) > taps)
    return std::nullopt;
  return LaneTaps(kernels, source, rows, different, n);
}

LaneTaps::LaneTaps(const Kernels& kernels, const SourceOfWindows& source,
                   const std::vector<char>& rows, int64_t different, int64_t n)
    : kernels_(kernels), kernel_x_(source.map.kernel_x), different_(different), n_(n) {
  const auto beside = side_by_side(source, rows, different, n);
  const auto channels = int64_t(source.map.channels), runs = int64_t(source.map.kernel_y);
  panels_.pack(kernels, {beside.data(), kernel_x_ * different, source.element_bytes},
               runs * channels, 0, kernel_x_ * different, false, PackedFor::vectors, channels);
  const int64_t group = panels_.has_quads() ? 4 : 2;
  runs_ = {0, runs, (panels_.k() / runs + group - 1) / group};
}

void LaneTaps::run(const WindowBlock& windows, const IntegerProduct& product, const Panel& panel,
                   SumPath path, ThreadSpace& space) const {
  const auto& a = windows.elements();
  const auto& folded = panels_.panels().front();
  const auto multiply = panels_.has_quads() ? kernels_.quads : kernels_.pairs;
  const int64_t width = kernels_.width(), tile = kernels_.rows_of_tile(folded.vectors);
  auto* sums = space.sums.room<int32_t>(size_t((tile + pixels_at_once + 1) * width));
  auto* parts = sums + tile * width;
  std::vector<const int32_t*> begins;
  std::vector<int32_t> offsets;
  for (int64_t tap = 0; tap < kernel_x_; ++tap) begins.push_back(parts + tap * (width + different_));
  const auto columns_at_once = pixels_at_once - kernel_x_ + 1;
  for (int64_t pixel = 0; pixel < columns_at_once; ++pixel)
    offsets.insert(offsets.end(), size_t(kernel_x_), int32_t(pixel * width));
  auto runs = runs_;
  runs.stride = a.run_stride;
  for (int64_t line = 0; line < windows.lines(); ++line)
    for (int64_t x = 0; x < windows.rows(); x += columns_at_once) {
      const auto columns = std::min(columns_at_once, windows.rows() - x);
      const auto pixels = columns + kernel_x_ - 1;
      const auto* from = a.data + line * a.line + x * a.stride;
      for (int64_t pixel = 0; pixel < pixels; pixel += tile)
        multiply(int(std::min(tile, pixels - pixel)), folded.vectors, from + pixel * a.stride,
                 a.stride, runs, folded.packed, false, space.soon.take(runs.all_steps()),
                 parts + pixel * width);
      for (int64_t pixel = 0; pixel < columns; pixel += tile) {
        const auto count = int(std::min(tile, columns - pixel));
        kernels_.add_sums(count, 1, begins.data(), &offsets[size_t(pixel * kernel_x_)],
                          int(kernel_x_), sums);
        for (auto* row = sums; row < sums + count * width; row += width)
          for (auto column = different_; column < n_; ++column)
            row[column] = row[column - different_];
        finish_sums(kernels_, product, reach_of(product, path),
                    SumsOfTile{sums, nullptr, panel.column_offsets},
                    {line, x + pixel, panel.column}, count, panel.columns);
      }
    }
}

}  // namespace xfblas
