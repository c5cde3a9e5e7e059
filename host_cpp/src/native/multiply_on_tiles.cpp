#include "native/multiply_on_tiles.hpp"

#include <algorithm>

#include "native/panel_product.hpp"

namespace xfblas {
namespace {

constexpr int64_t fewest_rows = 8, shortest_k = 16;
// Planes of so many rows stay in part of the second-level cache while panels of B pass by.
constexpr int64_t row_block_bytes = 480 * 1024, most_rows_of_block = 256;
constexpr int pair = 2 * tile_rows;

int64_t rows_of_block(int64_t k, int element_bytes) {
  const auto fitting = row_block_bytes / (k * element_bytes + 1) / pair * pair;
  return std::clamp<int64_t>(fitting, pair, most_rows_of_block);
}

// Registers for products, as long as this lives.
class OpenTiles {
 public:
  explicit OpenTiles(const TileKernels& kernels) : kernels_(kernels) { kernels_.begin(); }
  ~OpenTiles() { kernels_.end(); }
  OpenTiles(const OpenTiles&) = delete;
  OpenTiles& operator=(const OpenTiles&) = delete;

 private:
  const TileKernels& kernels_;
};

// One row block times one panel.
class PanelOnTiles {
 public:
  PanelOnTiles(const Kernels& kernels, const IntegerProduct& product, const Panel& panel,
               const RowPlanes& rows, bool sums_fit, int32_t* sums)
      : kernels_(kernels),
        product_(product),
        panel_(panel),
        rows_(rows),
        is_narrow_(rows.count + panel.tile_planes == 2),
        low_(sums),
        high_(sums + pair * kernels.width()) {
    const bool keeps_low = product.element_bytes() == 2 && product.needs_low_bits_only();
    const bool fits = sums_fit || (is_narrow_ && product.k <= most_tile_depth);
    // Sums of int8 wrap at 32 bits.
    if (product.element_bytes() == 1) reach_ = Reach::fits_32;
    else reach_ = keeps_low ? Reach::low_bits : fits ? Reach::fits_32 : Reach::wide;
    has_upper_ = !(keeps_low && product.requantization.shift == 0);
  }

  // Rows row .. row+count-1 of the block, which are in_c of C.
  void run(int64_t row, int count, int64_t in_c, int64_t first_column) {
    for (int64_t p = 0; p < product_.k; p += most_tile_depth) add_products(row, count, p);
    finish(count, in_c, first_column);
  }

 private:
  void add_products(int64_t row, int count, int64_t p) {
    static thread_local TileSums sums;
    const auto depth = std::min(most_tile_depth, product_.k - p);
    const auto all_steps = (product_.k + tile_depth - 1) / tile_depth;
    TileOperands o{};
    o.a = rows_.data + row * rows_.stride + p;
    o.a_stride = rows_.stride, o.a_plane = rows_.plane;
    o.a_planes = rows_.count, o.b_planes = panel_.tile_planes;
    o.b_column = all_steps * o.b_planes * tile_bytes;
    o.steps = (depth + tile_depth - 1) / tile_depth;
    o.has_upper = has_upper_;
    const int row_tiles = (count + tile_rows - 1) / tile_rows;
    const auto columns = int(tiles_of(panel_));
    const int at_once = is_narrow_ ? 2 : 1;
    for (int column = 0; column < columns; column += at_once) {
      const int taken = std::min(at_once, columns - column);
      o.b = panel_.tiles + column * o.b_column + p / tile_depth * o.b_planes * tile_bytes;
      kernels_.tiles->multiply(o, row_tiles, taken, sums);
      for (int i = 0; i < row_tiles; ++i)
        for (int j = 0; j < taken; ++j) {
          const auto at = i * tile_rows * kernels_.width() + (column + j) * tile_columns;
          kernels_.tiles->join(sums, i * taken + j, o, p == 0, low_ + at,
                               reach_ == Reach::wide ? high_ + at : nullptr, kernels_.width());
        }
    }
  }

  void finish(int count, int64_t in_c, int64_t first_column) const {
    finish_sums(kernels_, product_, reach_, {low_, high_, nullptr},
                {0, in_c, first_column + panel_.column}, count, panel_.columns);
  }

  const Kernels& kernels_;
  const IntegerProduct& product_;
  const Panel& panel_;
  const RowPlanes& rows_;
  bool is_narrow_, has_upper_;  // narrow: one plane of each operand
  Reach reach_;
  int32_t *low_, *high_;
};

}  // namespace

bool pays_on_tiles(const Kernels& kernels, int64_t rows, int64_t k) {
  return kernels.tiles && rows >= fewest_rows && k >= shortest_k;
}

int64_t rows_at_once(const Kernels& kernels, int64_t rows, int64_t k) {
  return pays_on_tiles(kernels, rows, k) ? pair : kernels.rows_of_tile(kernels.most_vectors);
}

void multiply_panels_on_tiles(const Kernels& kernels, const IntegerProduct& product,
                              const Panels& panels, size_t first_panel, size_t end_panel,
                              int64_t first_row, int64_t end_row, int64_t first_column,
                              ThreadSpace& space, PathCounts& counts) {
  const OpenTiles open(*kernels.tiles);
  auto* sums = space.sums.room<int32_t>(size_t(2 * pair * kernels.width()));
  const auto step = rows_of_block(product.k, product.element_bytes());
  for (auto first = first_row; first < end_row; first += step) {
    const auto count = std::min(step, end_row - first);
    const auto rows = space.rows.take_planes(kernels, product.a, first, count, product.k);
    for (auto i = first_panel; i < end_panel; ++i) {
      ++counts[size_t(SumPath::tiles)];
      const bool fit = product.sums_fit || panels.proves_everything();
      PanelOnTiles block(kernels, product, panels.panels()[i], rows, fit, sums);
      for (int64_t row = 0; row < count; row += pair)
        block.run(row, int(std::min<int64_t>(pair, count - row)), first + row, first_column);
    }
  }
}

}  // namespace xfblas
