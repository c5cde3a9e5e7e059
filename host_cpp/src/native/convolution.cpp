#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "native/engine.hpp"
#include "native/feature_maps.hpp"
#include "native/lane_taps.hpp"
#include "native/multiply_on_tiles.hpp"
#include "native/panel_product.hpp"
#include "native/product.hpp"
#include "native/statistics.hpp"
#include "native/tap_products.hpp"
#include "native/thread_pool.hpp"
#include "native/window_block.hpp"
#include "native/winograd.hpp"

namespace xfblas {
namespace {

// What a task copies of the map leaves most of the second-level cache to B's panels. Where so few
// pixels need more, they may have it: each task reads all of B.
constexpr int64_t copied_bytes = 256 * 1024, most_copied_bytes = 1024 * 1024;
constexpr int64_t fewest_sharing = 128;
// More than this of B does not stay in the second-level cache from task to task.
constexpr uint64_t longest_kept = 768 * 1024;
// Fewer would read B too often; more tasks than this for each thread gain nothing.
constexpr int64_t fewest_pixels = 256, tasks_of_thread = 4;
// Where taps are added up tasks multiply the rows between them twice, and are so many times larger.
constexpr int64_t larger_for_taps = 2;
// Neighbouring tasks copy again what their windows share, so that tasks are rather square.
constexpr int64_t fewest_rows = 8, fewest_columns = 64;
// So many times the bytes of a window may be multiplied on tiles.
constexpr int64_t most_of_tiles_for_k = 4;

// How output pixels are dealt to tasks: so many rows and columns each, as evenly as they go.
struct Tasks {
  int64_t frames, rows, columns;          // tasks along each axis
  int64_t all_rows, all_columns;          // output pixels
  int64_t columns_together;               // in one task

  int64_t count() const { return frames * rows * columns; }
  int64_t first_column(int64_t column) const {
    const auto groups = (all_columns + columns_together - 1) / columns_together;
    return std::min(all_columns, column * groups / columns * columns_together);
  }
  OutputPart part(int64_t task) const {
    const auto column = task % columns, row = task / columns % rows;
    const auto x = first_column(column), y = row * all_rows / rows;
    return {task / columns / rows, y, x, (row + 1) * all_rows / rows - y,
            first_column(column + 1) - x};
  }
};

// bytes_of: what so many rows and columns of output pixels need of the map, in the form of tiles.
// columns_together: as Tasks has it.
template <typename Bytes>
Tasks tasks_for(const FeatureMap& map, int64_t frames, int64_t threads, int64_t most_tasks,
                int64_t columns_together, const Bytes& bytes_of) {
  const auto is_large = [&](int64_t rows, int64_t columns) {
    const auto bytes = bytes_of(rows, columns);
    return bytes > most_copied_bytes || (bytes > copied_bytes && rows * columns > fewest_sharing);
  };
  const auto lines = frames * map.out_y;
  int64_t columns = map.out_x;
  const auto high = std::min<int64_t>(map.out_y, fewest_rows);
  while (columns > fewest_columns && bytes_of(high, columns) > copied_bytes)
    columns = (columns + 1) / 2;
  auto rows = std::max(parts_of(fewest_pixels, columns), lines / most_tasks);
  rows = std::clamp<int64_t>(rows, 1, std::min<int64_t>(map.out_y, parts_of(lines, threads)));
  while (rows > 1 && is_large(rows, columns)) --rows;
  while (columns > 1 && is_large(rows, columns)) columns = (columns + 1) / 2;
  const auto across = std::min(parts_of(map.out_x, columns), parts_of(map.out_x, columns_together));
  return {frames,    parts_of(map.out_y, rows), across, map.out_y, map.out_x, columns_together};
}

// Whether tiles fill well: a line of output pixels their rows, and the runs of a window their steps
// of k. Words take four products on tiles, so that vectors are faster sooner.
bool fills_tiles(const FeatureMap& map, int element_bytes) {
  const auto run = int64_t(map.kernel_x) * map.channels;
  const auto rows_of_b = map.kernel_y * rounded_up(run, tile_depth);
  return pays_on_tiles(kernels(), map.out_x, map.kernel_y * run) &&
         rows_of_b * element_bytes <= most_of_tiles_for_k * map.kernel_y * run;
}

class Convolution {
 public:
  // product: of pointers to the first element of the map and of C; m rows of all frames.
  Convolution(const IntegerProduct& product, const FeatureMap& map, const Panels& panels)
      : product_(product),
        map_(map),
        panels_(panels),
        source_(static_cast<const char*>(product.a.data), map, product.a.lda,
                product.element_bytes()),
        lane_taps_(panels.has_vectors() && !TapProducts::pays(map, panels)
                       ? LaneTaps::of(kernels(), source_, panels, product.n)
                       : std::nullopt) {}

  void run() {
    const auto threads = threads_for(product_.m * product_.k * product_.n);
    if (Winograd::pays(kernels(), product_, map_, panels_)) {
      Winograd(kernels(), product_, map_, panels_, source_).run(threads, counter_);
      return counter_.report(kernels(), product_, "kept, of windows");
    }
    const auto pixel_bytes = int64_t(map_.channels) * (panels_.has_quads() ? 1 : 2);
    const bool by_taps = TapProducts::pays(map_, panels_);
    const auto tasks = tasks_for(
        map_, product_.m / map_.pixels(), threads,
        threads * tasks_of_thread / (by_taps ? larger_for_taps : 1),
        panels_.has_tiles() ? tile_rows : 1,
        [&](int64_t rows, int64_t columns) {
          return pixel_bytes *
                 (by_taps ? TapProducts::pixels_of(map_, rows, columns) / larger_for_taps
                          : source_.rows.places(rows) * source_.columns.places(columns));
        });
    run_tasks(threads, tasks.count(), [&](int64_t task) {
      // Most likely this thread takes that one next.
      const auto next = task + threads;
      const auto soon = next < tasks.count() ? source_.rows_of(tasks.part(next)) : UpcomingBytes();
      run_part(tasks.part(task), soon);
    });
    counter_.report(kernels(), product_, "kept, of windows");
  }

 private:
  void run_part(const OutputPart& part, const UpcomingBytes& soon) {
    static thread_local WindowBlock windows;
    static thread_local ThreadSpace space;
    space.soon = soon;
    const auto of_part = product_of(part);
    PathCounts counts{};
    if (TapProducts::pays(map_, panels_) && run_taps(of_part, part, space, counts))
      return counter_.add(counts);
    if (panels_.has_tiles()) {
      const auto planes = windows.take_planes(kernels(), source_, part);
      multiply_planes_on_tiles(kernels(), of_part, panels_, planes, part.rows, part.columns, space,
                                counts);
      return counter_.add(counts);
    }
    windows.take(kernels(), source_, part, panels_.has_quads());
    PanelProduct product(kernels(), of_part, panels_, windows, 0, space);
    const auto& all = panels_.panels();
    const bool is_long = panels_.bytes() > longest_kept;
    for (size_t i = 0; i < all.size(); ++i) {
      if (is_long) space.soon = panels_.bytes_of(all[(i + 1) % all.size()]);
      const auto route = product.route_for(all[i]);
      ++counts[size_t(route.path)];
      if (lane_taps_ && lane_taps_->takes(route))
        lane_taps_->run(windows, of_part, all[i], route.path, space);
      else product.run(all[i], route);
    }
    counter_.add(counts);
  }

  // False where sums may not fit 32 bits.
  bool run_taps(const IntegerProduct& of_part, const OutputPart& part, ThreadSpace& space,
                PathCounts& counts) {
    TapProducts taps(kernels(), of_part, map_, panels_, source_, part, space);
    std::vector<SumPath> paths;
    for (const auto& panel : panels_.panels()) {
      const auto path = taps.path_for(panel);
      if (!path) return false;
      paths.push_back(*path);
    }
    for (size_t i = 0; i < paths.size(); ++i) {
      ++counts[size_t(panels_.has_tiles() ? SumPath::tiles : paths[i])];
      taps.run(panels_.panels()[i], paths[i]);
    }
    return true;
  }

  IntegerProduct product_of(const OutputPart& part) const {
    auto of_part = product_;
    const auto first = uint64_t(part.frame) * map_.c_frame + uint64_t(part.y) * map_.c_row +
                       uint64_t(part.x) * uint64_t(product_.ldc);
    of_part.c = static_cast<char*>(product_.c) + first * uint64_t(product_.element_bytes());
    of_part.c_line = map_.c_row;
    of_part.x_line = int64_t(map_.out_x) * product_.ldx;
    if (product_.x)
      of_part.x = static_cast<const char*>(product_.x) +
                  (part.y * map_.out_x + part.x) * product_.ldx * product_.addend_bytes;
    return of_part;
  }

  const IntegerProduct& product_;
  const FeatureMap& map_;
  const Panels& panels_;
  SourceOfWindows source_;
  std::optional<LaneTaps> lane_taps_;
  Counter counter_;
};

// Whether rows of A lie in the map as they are: windows of one pixel each, all of them in order, or
// one window that is all of the map. Then the convolution is a product.
bool is_plain(const Instruction& i, const FeatureMap& map) {
  if (map.up_y != 1 || map.up_x != 1 || map.pad_top != 0 || map.pad_left != 0) return false;
  const bool has_row = i.x == 0 || (i.flags & flag_bias_row);
  const auto frames = i.m / map.pixels();
  if (map.pixels() == 1)
    return map.kernel_y == map.height && map.kernel_x == map.width && i.lda == map.channels &&
           (map.dilation_y == 1 || map.kernel_y == 1) &&
           (map.dilation_x == 1 || map.kernel_x == 1) && (has_row || frames == 1);
  return map.taps() == 1 && map.stride_y == 1 && map.stride_x == 1 && map.out_y == map.height &&
         map.out_x == map.width && (has_row || frames == 1) &&
         (map.out_y == 1 || map.c_row == uint64_t(map.out_x) * i.ldc) &&
         (frames == 1 || map.c_frame == uint64_t(map.pixels()) * i.ldc);
}

// The strides of a plain one.
void become_product(IntegerProduct& product, const FeatureMap& map) {
  if (map.pixels() > 1) return;
  product.a.lda = product.k;
  product.ldc = std::max<int64_t>(map.c_frame, product.n);
}

}  // namespace

void run_convolution(char* memory, const Instruction& i, const FeatureMap& map,
                     const Configuration& configuration, PanelCache& cache) {
  const auto bytes = configuration.element_bytes();
  auto product = integer_product(memory, i, configuration);
  product.a.data = memory + range_of_a(i, map, bytes).offset;
  product.c = memory + range_of_c(i, map, bytes).offset;
  const bool is_product = is_plain(i, map);
  if (is_product) become_product(product, map);
  const bool wide = !product.needs_low_bits_only();
  const auto run = is_product ? product.k : int64_t(map.kernel_x) * map.channels;
  const int64_t on_tiles = fills_tiles(map, product.element_bytes()) ? map.out_x : 0;
  const auto rows = is_product ? product.m : on_tiles;
  const auto panels = panels_of_b(memory, i, configuration, cache, wide, rows, run);
  if (is_product) run_packed(product, *panels);
  else Convolution(product, map, *panels).run();
}

}  // namespace xfblas
