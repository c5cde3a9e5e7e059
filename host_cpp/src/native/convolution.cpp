#include <algorithm>
#include <cstring>
#include <memory>

#include "native/engine.hpp"
#include "native/feature_maps.hpp"
#include "native/panel_product.hpp"
#include "native/product.hpp"
#include "native/statistics.hpp"
#include "native/thread_pool.hpp"
#include "native/window_block.hpp"

namespace xfblas {
namespace {

// What a task copies of the map leaves most of the second-level cache to B's panels.
constexpr int64_t copied_bytes = 256 * 1024;
// Fewer would read B too often; more tasks than this for each thread gain nothing.
constexpr int64_t fewest_pixels = 256, tasks_of_thread = 4;

// How output pixels are dealt to tasks: so many rows and columns each, as evenly as they go.
struct Tasks {
  int64_t frames, rows, columns;          // tasks along each axis
  int64_t all_rows, all_columns;          // output pixels

  int64_t count() const { return frames * rows * columns; }
  OutputPart part(int64_t task) const {
    const auto column = task % columns, row = task / columns % rows;
    const auto x = column * all_columns / columns, y = row * all_rows / rows;
    return {task / columns / rows, y, x, (row + 1) * all_rows / rows - y,
            (column + 1) * all_columns / columns - x};
  }
};

int64_t parts_of(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

Tasks tasks_for(const SourceOfWindows& source, int64_t frames, int64_t threads, int bytes) {
  const auto& map = source.map;
  const auto place = int64_t(map.channels) * bytes;
  int64_t columns = map.out_x;
  const auto row_bytes = [&] { return source.columns.places(columns) * place; };
  while (columns > 1 && row_bytes() * source.rows.places(1) > copied_bytes)
    columns = (columns + 1) / 2;
  const auto lines = frames * map.out_y;
  auto wanted = std::max(parts_of(fewest_pixels, columns), lines / (tasks_of_thread * threads));
  wanted = std::clamp<int64_t>(wanted, 1, std::min<int64_t>(map.out_y, parts_of(lines, threads)));
  while (wanted > 1 && row_bytes() * source.rows.places(wanted) > copied_bytes) --wanted;
  return {frames, parts_of(map.out_y, wanted), parts_of(map.out_x, columns), map.out_y, map.out_x};
}

class Convolution {
 public:
  // product: of pointers to the first element of the map and of C; m rows of all frames.
  Convolution(const IntegerProduct& product, const FeatureMap& map, const Panels& panels)
      : product_(product),
        map_(map),
        panels_(panels),
        source_(static_cast<const char*>(product.a.data), map, product.a.lda,
                product.element_bytes()) {}

  void run() {
    const auto threads =
        product_.m * product_.k * product_.n < serial_products ? 1 : ThreadPool::shared().threads();
    const int bytes = panels_.has_quads() ? 1 : 2;
    const auto tasks = tasks_for(source_, product_.m / map_.pixels(), threads, bytes);
    run_tasks(threads, tasks.count(), [&](int64_t task) { run_part(tasks.part(task)); });
    counter_.report(kernels(), product_, "kept, of windows");
  }

 private:
  void run_part(const OutputPart& part) {
    static thread_local WindowBlock windows;
    static thread_local ThreadSpace space;
    windows.take(kernels(), source_, part, panels_.has_quads());
    const auto of_part = product_of(part);
    PanelProduct product(kernels(), of_part, panels_, windows, 0, space);
    PathCounts counts{};
    for (const auto& panel : panels_.panels()) {
      const auto route = product.route_for(panel);
      ++counts[size_t(route.path)];
      product.run(panel, route);
    }
    counter_.add(counts);
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
  const auto panels = panels_of_b(memory, i, configuration, cache, wide, run);
  if (is_product) run_packed(product, *panels);
  else Convolution(product, map, *panels).run();
}

}  // namespace xfblas
