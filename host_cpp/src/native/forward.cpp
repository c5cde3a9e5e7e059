#include "native/forward.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

#include "native/coded_rows.hpp"
#include "native/engine.hpp"
#include "native/multiply_on_tiles.hpp"
#include "native/softmax.hpp"
#include "native/statistics.hpp"
#include "native/sums_on_tiles.hpp"
#include "native/thread_pool.hpp"
#include "xfblas/entry_table.hpp"

namespace xfblas {
namespace {

// A block's activations, those of one layer and of the next, and the input of the next block leave
// most of the second-level cache to the weights; more rows would not use these any better.
constexpr uint64_t block_bytes = 192 * 1024, fewest_rows = 36, most_rows = 288;

struct Layer {
  IntegerProduct product;  // of any rows; A and C are set for each block
  std::shared_ptr<const Panels> panels;  // of its B
  PathCounts counts;  // where they are to be explained
};

struct Activations {
  Workspace halves[2];
  ThreadSpace space;
};

uint64_t row_stride(uint64_t columns, int element_bytes) {
  return uint64_t(padded_stride(int64_t(columns) * element_bytes));
}

ElementRange range_of_input(const InputCoding& coding) {
  // Half of an odd base is rounded, to either side.
  const auto largest = int32_t(std::ceil(std::max(coding.limit, coding.base / 2)));
  return {-largest, largest};
}

// A ReLU leaves nothing negative.
ElementRange range_of_output(const IntegerProduct& product) {
  const auto& r = product.requantization;
  if (r.activates && r.prelu_scale == 0) return {0, any_int16.highest};
  return any_int16;
}

template <typename Element>
int64_t at_ends(const IntegerProduct& product) {
  using Ends = std::numeric_limits<Element>;
  int64_t count = 0;
  for (int64_t row = 0; row < product.m; ++row) {
    const auto* c = static_cast<const Element*>(product.c) + row * product.ldc;
    for (int64_t column = 0; column < product.n; ++column)
      count += c[column] == Ends::min() || c[column] == Ends::max();
  }
  return count;
}

// Elements of a result that are as large or as small as their type allows.
int64_t saturated(const IntegerProduct& product, int element_bytes) {
  return element_bytes == 1 ? at_ends<int8_t>(product) : at_ends<int16_t>(product);
}

class Forward {
 public:
  Forward(char* memory, const Configuration& configuration, const ForwardPass& pass,
          PanelCache& cache)
      : memory_(memory), pass_(pass), element_bytes_(int(configuration.element_bytes())) {
    widest_ = pass.layers.front().k;
    layers_.reserve(pass.layers.size());
    auto range = range_of_input(pass.input_coding);
    for (const auto& instruction : pass.layers) {
      auto product = integer_product(memory, instruction, configuration);
      const auto b = source_of_b(memory, instruction, configuration);
      auto panels = cache.find_kept(b, int64_t(pass.rows), product.k, product.n,
                                    !product.needs_low_bits_only());
      cache.restore(uint64_t(instruction.x) * page_bytes, uint64_t(product.n) * sizeof(int32_t));
      if (product.requantization.function == activation_table)
        cache.restore(uint64_t(instruction.prelu) * page_bytes, table_entries * entry_bytes);
      // What is known of the elements before any is computed saves looking at them.
      if (!product.needs_low_bits_only() && panels->prove(range)) product.sums_fit = true;
      range = range_of_output(product);
      layers_.push_back({product, std::move(panels), {}});
      widest_ = std::max(widest_, uint64_t(product.n));
      products_ += pass.rows * uint64_t(product.k * product.n);
    }
    widest_ = std::max(widest_, uint64_t(pass.softmax.n));
  }

  void run() {
    run_blocks();
    if (!explains()) return;
    for (auto& layer : layers_) {
      layer.product.m = int64_t(pass_.rows);
      explain(kernels(), layer.product, layer.counts, "kept");
    }
  }

 private:
  void run_blocks() {
    const auto threads = uint64_t(threads_for(int64_t(products_)));
    const auto fitting =
        std::clamp(block_bytes / (2 * widest_ * uint64_t(element_bytes_)), fewest_rows, most_rows);
    const auto tile =
        uint64_t(rows_at_once(kernels(), int64_t(pass_.rows), int64_t(pass_.layers.front().k)));
    // As many blocks for each thread, of whole tiles.
    auto blocks = (pass_.rows + fitting - 1) / fitting;
    blocks = (blocks + threads - 1) / threads * threads;
    const auto rows = ((pass_.rows + blocks - 1) / blocks + tile - 1) / tile * tile;
    blocks = (pass_.rows + rows - 1) / rows;
    run_tasks(int64_t(threads), int64_t(blocks), [&](int64_t block) {
      const auto first = uint64_t(block) * rows;
      run_block(first, std::min(rows, pass_.rows - first), threads * rows);
    });
  }

  UpcomingBytes input_of(uint64_t first, uint64_t rows) const {
    const auto row = pass_.input_coding.features;
    return {pass_.input + first * row, std::min(rows, pass_.rows - first) * row * sizeof(float)};
  }

  // ahead: so many rows from here the next block of this thread begins, most likely.
  void run_block(uint64_t first, uint64_t rows, uint64_t ahead) {
    static thread_local Activations activations;
    // Whole tiles of rows, which may be read.
    const auto room =
        row_stride(widest_, element_bytes_) * uint64_t(rounded_up(int64_t(rows), rows_on_tiles));
    char* from = activations.halves[0].room<char>(room);
    char* to = activations.halves[1].room<char>(room);
    auto stride = row_stride(pass_.layers.front().k, element_bytes_);
    // What pads k meets zeros of B, but the bounds look at it.
    if (pass_.elements < pass_.layers.front().k) std::memset(from, 0, stride * rows);
    auto& timeline = *pass_.timeline;
    const auto is_on_tiles = [&](const Layer& layer) {
      return goes_on_tiles(kernels(), layer.product, *layer.panels, int64_t(rows));
    };
    RowPlanes planes{};  // of the layer's input, where tiles read it so
    const bool splits = element_bytes_ == 2 && is_on_tiles(layers_.front());
    timeline.time(XFBLAS_PART_ENCODE, first, rows, [&] {
      if (!splits) return quantize_rows(pass_, first, rows, element_bytes_, from, stride);
      planes = quantize_planes(pass_, first, rows, layers_.front().product.k,
                               reinterpret_cast<int16_t*>(from), activations.space.rows);
    });
    activations.space.soon = input_of(std::min(first + ahead, pass_.rows), rows);
    PathCounts counts{};
    int part = 0;
    for (auto& layer : layers_) {
      PathCounts of_layer{};
      auto product = layer.product;
      const auto next_stride = row_stride(uint64_t(product.n), element_bytes_);
      product.m = int64_t(rows);
      product.a.data = from, product.a.lda = int64_t(stride) / element_bytes_;
      product.c = to, product.ldc = int64_t(next_stride) / element_bytes_;
      const auto start = timeline.is_wanted() ? Timeline::now() : 0;
      if (is_on_tiles(layer)) {
        // Bytes are their own plane; words were split while they were encoded, or are now.
        if (element_bytes_ == 1) planes = {{from, ptrdiff_t(stride), 1}, 0, 1, {}};
        else if (part > 0)
          planes =
              activations.space.rows.take_planes(kernels(), product.a, 0, product.m, product.k);
        multiply_planes_on_tiles(kernels(), product, *layer.panels, planes, 1, product.m,
                                 activations.space, of_layer);
      } else {
        multiply(kernels(), product, *layer.panels, 0, product.m, 0, activations.space, of_layer);
      }
      if (timeline.is_wanted()) {
        const auto end = Timeline::now();
        timeline.add(part, first, rows, start, end, saturated(product, element_bytes_));
      }
      ++part;
      add(counts, of_layer);
      if (explains()) {
        const std::lock_guard<std::mutex> lock(explaining_);
        add(layer.counts, of_layer);
      }
      std::swap(from, to);
      stride = next_stride;
    }
    if (pass_.softmax.opcode == opcode_softmax) {
      const auto next_stride = row_stride(pass_.softmax.n, element_bytes_);
      const auto elements = [&](uint64_t bytes) { return bytes / uint64_t(element_bytes_); };
      timeline.time(part, first, rows, [&] {
        run_softmax_rows(memory_, pass_.softmax, element_bytes_, from, elements(stride), rows, to,
                         elements(next_stride));
      });
      std::swap(from, to);
      stride = next_stride;
    }
    timeline.time(XFBLAS_PART_DECODE, first, rows,
                  [&] { dequantize_rows(pass_, first, rows, element_bytes_, from, stride); });
    Statistics::shared().add(counts);
  }

  const char* memory_;
  const ForwardPass& pass_;
  int element_bytes_;
  std::vector<Layer> layers_;
  uint64_t widest_, products_ = 0;
  std::mutex explaining_;
};

}  // namespace

void run_forward(char* memory, const Configuration& configuration, const ForwardPass& pass,
                 PanelCache& cache) {
  Forward(memory, configuration, pass, cache).run();
}

}  // namespace xfblas
