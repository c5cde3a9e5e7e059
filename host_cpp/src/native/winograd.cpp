#include "native/winograd.hpp"

#include <atomic>
#include <algorithm>

#include "native/panel_product.hpp"

namespace xfblas {
namespace {

constexpr int64_t side = 4, patch = 6, positions = 36;
// Sums of more might be too large, see winograd.hpp: 9 * 2^14 * channels < 2^29.
constexpr int64_t most_channels = 3640;
// With fewer, changing forms takes what is saved.
constexpr int64_t fewest_channels = 32, fewest_columns = 24, fewest_tiles = 8;
// Output pixels in tiles that hang over the map are computed too: at least so many of 16 are used.
constexpr int64_t fewest_used = 10;
// Weights are transformed again in each task where they are more, which so many tiles outweigh.
constexpr int64_t most_kept_bytes = 5 << 18, many_tiles = 128;
// What a task has of pixels and sums, where weights are kept beside them in the second-level cache,
// and where they are not.
constexpr int64_t task_bytes = 512 * 1024, large_task_bytes = 6 << 20;
// Tiles whose sums are finished together, while they are in the first-level cache.
constexpr int64_t tiles_at_once = 4;

// From one position to the next, in elements: whole lines and one more, because positions a power
// of two apart would share the same sets of the cache.
int64_t apart(int64_t elements, int64_t element_bytes) {
  return padded_stride(elements * element_bytes) / element_bytes;
}

// Transformed weights of the convolution that a thread was last busy with.
struct KeptWeights {
  uint64_t number = 0;
  std::vector<bool> made;
  Workspace space;
};

uint64_t next_number() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

Winograd::Winograd(const Kernels& kernels, const IntegerProduct&, const FeatureMap& map,
                   const Panels& panels, const SourceOfWindows& source)
    : kernels_(kernels),
      map_(map),
      panels_(panels),
      source_(source),
      number_(next_number()),
      channels_(map.channels),
      pixel_stride_(apart(channels_, 2)),
      weight_position_(apart(channels_ * kernels.width(), 2)),
      outside_(size_t(channels_), int8_t(map.fill)) {}

bool Winograd::pays(const Kernels& kernels, const IntegerProduct& product, const FeatureMap& map,
                    const Panels& panels) {
  if (product.element_bytes() != 1 || !panels.has_vectors() || panels.has_tiles()) return false;
  if (map.kernel_y != 3 || map.kernel_x != 3 || map.stride_y != 1 || map.stride_x != 1 ||
      map.dilation_y != 1 || map.dilation_x != 1 || map.up_y != 1 || map.up_x != 1)
    return false;
  const auto tiles = parts_of(map.out_y, side) * parts_of(map.out_x, side);
  return map.channels >= fewest_channels && map.channels <= most_channels && map.channels % (2 * kernels.lanes) == 0 &&
         product.n >= fewest_columns && product.m / map.pixels() * tiles >= fewest_tiles &&
         tiles * fewest_used <= map.pixels();
}

Tasks Winograd::tasks(int64_t frames, int64_t threads) const {
  const auto down = parts_of(map_.out_y, side), across = parts_of(map_.out_x, side);
  const auto tile_bytes = positions * (2 * pixel_stride_ + 4 * kernels_.width());
  const bool keeps = positions * 2 * weight_position_ * int64_t(panels_.panels().size()) <= most_kept_bytes;
  const auto most = keeps ? std::max<int64_t>(task_bytes / tile_bytes, 1)
                          : std::clamp<int64_t>(large_task_bytes / tile_bytes, 1, many_tiles);
  const auto columns = parts_of(across, most);
  auto rows = parts_of(down, std::max<int64_t>(most / parts_of(across, columns), 1));
  const auto beside = frames * columns;
  if (rows * beside > 1) rows = std::min(down, rounded_up(rows * beside, threads) / beside);
  return {frames, rows, columns, map_.out_y, map_.out_x, side, side};
}

const int8_t* Winograd::pixel(const OutputPart& part, int64_t y, int64_t x) const {
  const auto row = source_.rows.pixel(y, 0), column = source_.columns.pixel(x, 0);
  if (row < 0 || column < 0) return outside_.data();
  return reinterpret_cast<const int8_t*>(source_.data) + part.frame * source_.frame_bytes() +
         (row * map_.width + column) * source_.lda;
}

const int16_t* Winograd::weights_of(size_t panel, ThreadSpace&) const {
  static thread_local KeptWeights kept;
  const auto& all = panels_.panels();
  const auto size = positions * weight_position_;
  const bool keeps = 2 * size * int64_t(all.size()) <= most_kept_bytes;
  if (kept.number != number_) kept.made.assign(all.size(), false);
  kept.number = number_;
  auto* to = kept.space.room<int16_t>(size_t(size) * (keeps ? all.size() : 1));
  if (keeps) to += int64_t(panel) * size;
  if (!kept.made[panel]) {
    if (!keeps) kept.made.assign(all.size(), false);
    kernels_.winograd_weights(all[panel].packed, channels_, all[panel].vectors, to,
                              weight_position_);
    kept.made[panel] = true;
  }
  return to;
}

void Winograd::multiply(const Panel& panel, const int16_t* pixels, const int16_t* weights,
                        int64_t tiles, int32_t* sums, ThreadSpace& space) const {
  const auto pixel_position = apart(tiles * pixel_stride_, 2);
  const auto sum_position = apart(tiles * kernels_.width(), 4);
  const int64_t tile = kernels_.rows_of_tile(panel.vectors);
  const auto parts = parts_of(tiles, tile);
  const Runs runs{0, 1, channels_ / 2};
  for (int64_t position = 0; position < positions; ++position) {
    const auto* b = weights + position * weight_position_;
    space.soon = position + 1 < positions
                     ? UpcomingBytes(b + weight_position_,
                                     size_t(channels_ * panel.vectors * kernels_.lanes * 2))
                     : UpcomingBytes();
    for (int64_t part = 0; part < parts; ++part) {
      const auto first = part * tiles / parts, end = (part + 1) * tiles / parts;
      kernels_.pairs(int(end - first), panel.vectors,
                     pixels + position * pixel_position + first * pixel_stride_,
                     2 * pixel_stride_, runs, b, false, space.soon.take(runs.steps),
                     sums + position * sum_position + first * kernels_.width());
    }
  }
}

void Winograd::run(const IntegerProduct& product, const OutputPart& part, size_t first, size_t end,
                   ThreadSpace& space) const {
  static thread_local Workspace pixel_space, output_space;
  const auto down = parts_of(part.rows, side), across = parts_of(part.columns, side);
  const auto tiles = down * across;
  const auto width = int64_t(kernels_.width());
  const auto pixel_position = apart(tiles * pixel_stride_, 2);
  const auto sum_position = apart(tiles * width, 4);
  auto* pixels = pixel_space.room<int16_t>(size_t(positions * pixel_position));
  auto* sums = space.sums.room<int32_t>(size_t(positions * sum_position));
  const auto line = tiles_at_once * side * width;
  auto* outputs = output_space.room<int32_t>(size_t(side * line));
  for (int64_t tile = 0; tile < tiles; ++tile) {
    const auto y = part.y + tile / across * side, x = part.x + tile % across * side;
    const int8_t* from[positions];
    for (int64_t i = 0; i < positions; ++i) from[i] = pixel(part, y + i / patch, x + i % patch);
    kernels_.winograd_pixels(from, channels_, pixels + tile * pixel_stride_, pixel_position);
  }
  for (auto i = first; i < end; ++i) {
    const auto& panel = panels_.panels()[i];
    multiply(panel, pixels, weights_of(i, space), tiles, sums, space);
    for (int64_t row = 0; row < down; ++row)
      for (int64_t column = 0; column < across; column += tiles_at_once) {
        const auto count = std::min(tiles_at_once, across - column);
        for (int64_t j = 0; j < count; ++j)
          kernels_.winograd_sums(sums + (row * across + column + j) * width, sum_position,
                                 panel.vectors, outputs + j * side * width, line);
        const auto lines = std::min(side, part.rows - row * side);
        const auto columns = std::min(count * side, part.columns - column * side);
        for (int64_t y = 0; y < lines; ++y)
          finish_sums(kernels_, product, reach_of(product, SumPath::low_bits),
                      SumsOfTile{outputs + y * line, nullptr, nullptr},
                      {row * side + y, column * side, panel.column}, int(columns), panel.columns);
      }
  }
}

}  // namespace xfblas
