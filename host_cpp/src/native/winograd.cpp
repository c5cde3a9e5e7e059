#include "native/winograd.hpp"

#include <algorithm>
#include <atomic>

#include "native/panel_product.hpp"
#include "native/thread_pool.hpp"

namespace xfblas {
namespace {

constexpr int64_t side = 4, patch = 6, positions = 36;
// Sums of more might be too large, see winograd.hpp: 9 * 2^14 * channels < 2^29.
constexpr int64_t most_channels = 3640;
// With fewer, changing forms takes what is saved.
constexpr int64_t fewest_channels = 32, fewest_columns = 24, fewest_tiles = 6;
// Output pixels in tiles that hang over the map are computed too: at least so many of 16 are used.
// So there are several rows and columns of them, whose windows lie side by side in SourceOfWindows.
constexpr int64_t fewest_used = 10;
// Transformed weights of a call are kept up to so many bytes. More are made again in each task,
// which so many tiles outweigh.
constexpr int64_t most_kept_bytes = 5 << 20, many_tiles = 128;
// What a task has of pixels and sums: they stay in the second-level cache, but where weights are
// made again.
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

Winograd::Winograd(const Kernels& kernels, const IntegerProduct& product, const FeatureMap& map,
                   const Panels& panels, const SourceOfWindows& source)
    : kernels_(kernels),
      product_(product),
      map_(map),
      panels_(panels),
      source_(source),
      number_(next_number()),
      channels_(map.channels),
      down_(parts_of(map.out_y, side)),
      across_(parts_of(map.out_x, side)),
      tiles_(product.m / map.pixels() * down_ * across_),
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
  return map.channels >= fewest_channels && map.channels <= most_channels &&
         map.channels % (2 * kernels.lanes) == 0 && product.n >= fewest_columns &&
         product.m / map.pixels() * tiles >= fewest_tiles && tiles * fewest_used <= map.pixels();
}

Winograd::Tile Winograd::tile(int64_t number) const {
  const auto row = number / across_;
  return {row / down_, row % down_ * side, number % across_ * side};
}

bool Winograd::keeps_weights() const {
  return 2 * positions * weight_position_ * int64_t(panels_.panels().size()) <= most_kept_bytes;
}

// As many tasks for each thread. Fewer than threads are not made more, since each makes weights.
int64_t Winograd::tiles_of_task(int64_t threads) const {
  const auto tile_bytes = positions * (2 * pixel_stride_ + 4 * kernels_.width());
  const auto most = keeps_weights() ? task_bytes / tile_bytes
                                    : std::min(large_task_bytes / tile_bytes, many_tiles);
  const auto tasks = parts_of(tiles_, std::max<int64_t>(most, 1));
  return parts_of(tiles_, tasks > threads ? rounded_up(tasks, threads) : tasks);
}

void Winograd::run(int64_t threads, Counter& counter) const {
  const auto together = tiles_of_task(threads), tasks = parts_of(tiles_, together);
  const auto panels = int64_t(panels_.panels().size());
  const auto take = [&](const Pixels& pixels, int64_t first, int64_t end) {
    multiply_panels(pixels, size_t(first), size_t(end));
    PathCounts counts{};
    counts[size_t(SumPath::winograd)] = uint64_t(end - first);
    counter.add(counts);
  };
  // Threads that have no tiles of their own take some of the panels.
  const auto groups = std::min(panels, parts_of(threads, tasks));
  if (tasks == 1 && groups > 1) {
    const auto pixels = room_for(0, tiles_);
    run_tasks(threads, groups, [&](int64_t group) {
      transform(pixels, group * tiles_ / groups, (group + 1) * tiles_ / groups);
    });
    return run_tasks(threads, groups, [&](int64_t group) {
      take(pixels, group * panels / groups, (group + 1) * panels / groups);
    });
  }
  run_tasks(threads, tasks * groups, [&](int64_t task) {
    const auto first = task / groups * together, group = task % groups;
    const auto pixels = room_for(first, std::min(first + together, tiles_));
    transform(pixels, pixels.first, pixels.end);
    take(pixels, group * panels / groups, (group + 1) * panels / groups);
  });
}

// In memory of this thread.
Winograd::Pixels Winograd::room_for(int64_t first, int64_t end) const {
  static thread_local Workspace space;
  const auto position = apart((end - first) * pixel_stride_, 2);
  return {first, end, space.room<int16_t>(size_t(positions * position)), position};
}

void Winograd::transform(const Pixels& pixels, int64_t first, int64_t end) const {
  for (auto i = first; i < end; ++i)
    transform_tile(tile(i), pixels.data + (i - pixels.first) * pixel_stride_, pixels.position);
}

void Winograd::multiply_panels(const Pixels& pixels, size_t first, size_t end) const {
  static thread_local Workspace space;
  const auto width = int64_t(kernels_.width());
  const auto position = apart((pixels.end - pixels.first) * width, 4);
  auto* sums = space.room<int32_t>(size_t(positions * position));
  for (auto panel = first; panel < end; ++panel) {
    multiply(panel, pixels, sums, position);
    for (auto i = pixels.first; i < pixels.end;) {
      const auto count = std::min({tiles_at_once, pixels.end - i, across_ - i % across_});
      finish(panels_.panels()[panel], tile(i), count, sums + (i - pixels.first) * width, position);
      i += count;
    }
  }
}

void Winograd::transform_tile(const Tile& tile, int16_t* to, ptrdiff_t position) const {
  const int8_t* from[positions];
  const auto* frame = reinterpret_cast<const int8_t*>(source_.data) +
                      tile.frame * source_.frame_bytes();
  int64_t columns[patch];
  for (int64_t x = 0; x < patch; ++x) columns[x] = source_.columns.pixel(tile.x, x);
  for (int64_t y = 0; y < patch; ++y) {
    const auto row = source_.rows.pixel(tile.y, y);
    const auto* line = frame + std::max<int64_t>(row, 0) * map_.width * source_.lda;
    for (int64_t x = 0; x < patch; ++x)
      from[y * patch + x] =
          row < 0 || columns[x] < 0 ? outside_.data() : line + columns[x] * source_.lda;
    // What the tile beside it reads besides: vectors of many pixels are read in turn, which the CPU
    // does not foresee.
    if (row < 0 || columns[patch - 1] < 0) continue;
    const auto* next = line + (columns[patch - 1] + 1) * source_.lda;
    for (int64_t x = 0; x < side; ++x, next += source_.lda)
      for (int64_t at = 0; at < channels_; at += 64) __builtin_prefetch(next + at, 0, 2);
  }
  kernels_.winograd_pixels(from, channels_, to, position);
}

// Those of one row at a time stay in the second-level cache.
const int16_t* Winograd::weights_of(size_t panel, int64_t row) const {
  static thread_local KeptWeights kept;
  const auto& all = panels_.panels();
  const auto size = patch * weight_position_, place = int64_t(panel) * patch + row;
  const bool keeps = keeps_weights();
  if (kept.number != number_ || !keeps) kept.made.assign(all.size() * patch, false);
  kept.number = number_;
  auto* to = kept.space.room<int16_t>(size_t(size) * (keeps ? kept.made.size() : 1));
  if (keeps) to += place * size;
  if (!kept.made[size_t(place)])
    kernels_.winograd_weights(all[panel].packed, int(row), channels_, all[panel].vectors, to,
                              weight_position_);
  kept.made[size_t(place)] = true;
  return to;
}

void Winograd::multiply(size_t number, const Pixels& pixels, int32_t* sums,
                        ptrdiff_t sum_position) const {
  const auto& panel = panels_.panels()[number];
  const auto tiles = pixels.end - pixels.first;
  const auto parts = parts_of(tiles, kernels_.rows_of_tile(panel.vectors));
  const auto pixel_bytes = size_t(tiles * pixel_stride_ * 2);
  const Runs runs{0, 1, channels_ / 2};
  const int16_t* b = nullptr;
  for (int64_t position = 0; position < positions; ++position) {
    if (position % patch == 0) b = weights_of(number, position / patch);
    const auto* a = pixels.data + position * pixels.position;
    auto* to = sums + position * sum_position;
    UpcomingBytes soon{a + pixels.position, position + 1 < positions ? pixel_bytes : 0};
    for (int64_t part = 0; part < parts; ++part) {
      const auto first = part * tiles / parts, end = (part + 1) * tiles / parts;
      kernels_.pairs(int(end - first), panel.vectors, a + first * pixel_stride_, 2 * pixel_stride_,
                     runs, b + position % patch * weight_position_, false, soon.take(runs.steps),
                     to + first * kernels_.width());
    }
  }
}

void Winograd::finish(const Panel& panel, const Tile& first, int64_t tiles, const int32_t* sums,
                      ptrdiff_t position) const {
  static thread_local Workspace space;
  const auto width = int64_t(kernels_.width()), line = tiles * side * width;
  auto* outputs = space.room<int32_t>(size_t(side * line));
  auto product = product_;
  product.c_line = map_.c_row, product.x_line = int64_t(map_.out_x) * product.ldx;
  auto* c = static_cast<char*>(product.c) + uint64_t(first.frame) * map_.c_frame;
  product.c = c;
  const auto rows = std::min(side, map_.out_y - first.y);
  const auto columns = std::min(tiles * side, map_.out_x - first.x);
  // Stores would wait for the lines of C.
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x)
      __builtin_prefetch(c + (first.y + y) * product.c_line + (first.x + x) * product.ldc +
                             panel.column, 1);
  for (int64_t i = 0; i < tiles; ++i)
    kernels_.winograd_sums(sums + i * width, position, panel.vectors, outputs + i * side * width,
                           line);
  for (int64_t y = 0; y < rows; ++y)
    finish_sums(kernels_, product, reach_of(product, SumPath::low_bits),
                SumsOfTile{outputs + y * line, nullptr, nullptr},
                {first.y + y, first.x, panel.column}, int(columns), panel.columns);
}

}  // namespace xfblas
