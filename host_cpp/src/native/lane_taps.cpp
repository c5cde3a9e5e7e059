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

// A row for each row of the kernel and channel, of B's rows of all the kernel's columns.
std::vector<char> side_by_side(const SourceOfWindows& source, const Panels& panels, int64_t n) {
  const auto& map = source.map;
  const auto channels = int64_t(map.channels), taps = int64_t(map.kernel_x);
  const auto bytes = n * source.element_bytes;
  std::vector<char> rows(size_t(int64_t(map.taps()) * channels * bytes)), found(rows.size());
  panels.unpack(rows.data(), n);
  auto* to = found.data();
  for (int64_t y = 0; y < map.kernel_y; ++y)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t x = 0; x < taps; ++x, to += bytes)
        std::memcpy(to, rows.data() + ((y * taps + x) * channels + c) * bytes, size_t(bytes));
  return found;
}

}  // namespace

bool LaneTaps::pays(const Kernels& kernels, const SourceOfWindows& source, int64_t n) {
  const auto taps = int64_t(source.map.kernel_x);
  return source.map.pixels() >= fewest_pixels && source.columns.step() == 1 && taps > 1 &&
         taps * n <= kernels.width() &&
         2 * vectors_of(kernels, taps * n) <= taps * vectors_of(kernels, n);
}

LaneTaps::LaneTaps(const Kernels& kernels, const SourceOfWindows& source, const Panels& panels,
                   int64_t n)
    : kernels_(kernels), kernel_x_(source.map.kernel_x), n_(n) {
  const auto rows = side_by_side(source, panels, n);
  const auto channels = int64_t(source.map.channels), runs = int64_t(source.map.kernel_y);
  panels_.pack(kernels, {rows.data(), kernel_x_ * n, source.element_bytes}, runs * channels, 0,
               kernel_x_ * n, false, PackedFor::vectors, channels);
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
  for (int64_t tap = 0; tap < kernel_x_; ++tap) begins.push_back(parts + tap * (width + n_));
  const auto columns_at_once = pixels_at_once - kernel_x_ + 1;
  for (int64_t pixel = 0; pixel < columns_at_once; ++pixel)
    offsets.insert(offsets.end(), size_t(kernel_x_), int32_t(pixel * width));
  auto runs = runs_;
  runs.stride = a.run_stride;
  const auto vectors = int(vectors_of(kernels_, n_));
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
        kernels_.add_sums(count, vectors, begins.data(), &offsets[size_t(pixel * kernel_x_)],
                          int(kernel_x_), sums);
        finish_sums(kernels_, product, reach_of(product, path),
                    SumsOfTile{sums, nullptr, panel.column_offsets},
                    {line, x + pixel, panel.column}, count, panel.columns);
      }
    }
}

}  // namespace xfblas
