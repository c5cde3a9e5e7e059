#include "native/multiply.hpp"

#include <algorithm>

#include "native/multiply_on_tiles.hpp"

namespace xfblas {
namespace {

// Rows of A that are read again for each panel stay in half of the second-level cache.
constexpr int64_t row_block_bytes = 480 * 1024;
constexpr int64_t fewest_rows = 72, most_rows_of_block = 288;
// Without refinement k is cut only where a panel would outgrow the second-level cache.
constexpr int64_t longest_block = 4096;

int64_t rows_of_block(int64_t rows, int64_t k, int element_bytes, int tile_rows) {
  const auto fitting =
      std::clamp(row_block_bytes / (k * element_bytes + 1), fewest_rows, most_rows_of_block);
  if (rows <= fitting) return rows;
  const auto blocks = (rows + fitting - 1) / fitting;
  // Even blocks of whole tiles.
  return ((rows + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
}

// One row block times one panel.
class PanelProduct {
 public:
  PanelProduct(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
               int64_t first_row, int64_t first_column, ThreadSpace& space)
      : kernels_(kernels),
        product_(product),
        panels_(panels),
        rows_(space.rows),
        soon_(space.soon),
        first_row_(first_row),
        first_column_(first_column) {
    const auto tile = size_t(kernels.rows_of_tile(1)) * size_t(kernels.width());
    low_ = space.sums.room<int32_t>(3 * tile);
    high_ = low_ + tile;
    products_ = high_ + tile;
  }

  Route route_for(const Panel& panel) const {
    if (product_.path == SumPath::proved || product_.path == SumPath::low_bits)
      return {*product_.path};
    if (!product_.path && product_.sums_fit) return {SumPath::proved};
    if (product_.path) return route_by(*product_.path, rows_.bounds(), *panel.bounds);
    if (product_.element_bytes() == 1 || product_.needs_low_bits_only()) return {SumPath::low_bits};
    // The norms of rows prove more than their range, and are found sooner than those of blocks.
    if (panels_.proves_everything() || panel.bounds->prove_by_norm(rows_.largest_norm()) ||
        panel.bounds->prove(rows_.range()))
      return {SumPath::proved};
    return cheapest_route(rows_.bounds(), *panel.bounds, kernels_.has_quads);
  }

  void run(const Panel& panel, const Route& route) {
    const auto block = route.block ? route.block : longest_block;
    const int tile_rows = kernels_.rows_of_tile(panel.vectors);
    for (int64_t row = 0; row < rows_.rows(); row += tile_rows) {
      const auto rows = int(std::min<int64_t>(tile_rows, rows_.rows() - row));
      for (int64_t p = 0; p < panels_.k(); p += block) {
        const auto count = std::min(block, panels_.k() - p);
        add_products(panel, row, rows, p, count);
        refine(panel, route.path, row, rows, p, count);
      }
      finish(panel, route.path, row, rows);
    }
  }

 private:
  void add_products(const Panel& panel, int64_t row, int rows, int64_t p, int64_t count) {
    const auto& a = rows_.elements();
    const int64_t width = panel.vectors * kernels_.lanes;
    const auto* b = static_cast<const char*>(panel.packed);
    if (panels_.has_quads())
      kernels_.quads(rows, panel.vectors, a.at(row, p), a.stride, b + p * width, (count + 3) / 4,
                     p > 0, soon_.take((count + 3) / 4), low_);
    else
      kernels_.pairs(rows, panel.vectors, a.at(row, 2 * p), a.stride, b + 2 * p * width,
                     (count + 1) / 2, p > 0, soon_.take((count + 1) / 2), low_);
  }

  void refine(const Panel& panel, SumPath path, int64_t row, int rows, int64_t p, int64_t count) {
    if (path == SumPath::spilled) kernels_.refine_spilled(rows, panel.vectors, low_, high_, p == 0);
    else if (path == SumPath::estimated) estimate(panel, row, rows, p, count);
    else if (path == SumPath::split) split(panel, row, rows, p, count);
  }

  void estimate(const Panel& panel, int64_t row, int rows, int64_t p, int64_t count) {
    const auto& a = rows_.high_bytes();
    kernels_.quads(rows, panel.vectors, a.at(row, p), a.stride,
                   panel.high_bytes + p * panel.vectors * kernels_.lanes, (count + 3) / 4, p > 0,
                   soon_.take((count + 3) / 4), high_);
    kernels_.refine_estimated(rows, panel.vectors, low_, offsets_at(panel, p),
                              offsets_at(panel, p + count), high_);
  }

  void split(const Panel& panel, int64_t row, int rows, int64_t p, int64_t count) {
    const auto& a = rows_.high_words();
    const auto* b = static_cast<const int16_t*>(panel.packed);
    kernels_.pairs(rows, panel.vectors, a.at(row, 2 * p), a.stride,
                   b + p * panel.vectors * kernels_.lanes, (count + 1) / 2, false,
                   soon_.take((count + 1) / 2), products_);
    kernels_.refine_split(rows, panel.vectors, low_, products_, high_, p == 0);
  }

  // k ends between two rows of offsets, of which the second belongs to it.
  const int32_t* offsets_at(const Panel& panel, int64_t p) const {
    const auto part = (p + shortest_estimated - 1) / shortest_estimated;
    return panel.estimate_offsets + part * kernels_.width();
  }

  void finish(const Panel& panel, SumPath path, int64_t row, int rows) const {
    const auto& r = product_.requantization;
    const auto bytes = product_.element_bytes();
    auto reach = Reach::wide;
    if (path == SumPath::low_bits && product_.needs_low_bits_only()) reach = Reach::low_bits;
    else if (path == SumPath::proved || bytes == 1) reach = Reach::fits_32;
    const auto in_c = first_row_ + row, column = first_column_ + panel.column;
    auto* c = static_cast<char*>(product_.c) + (in_c * product_.ldc + column) * bytes;
    const auto* x = static_cast<const char*>(product_.x);
    if (x) x += (in_c * product_.ldx + column) * product_.addend_bytes;
    kernels_.finish(reach, bytes, product_.addend_bytes)(r, rows, panel.columns,
                                                         {low_, high_, panel.column_offsets}, x,
                                                         product_.ldx, c, product_.ldc);
    if (r.function == activation_prelu) return;
    const auto apply = bytes == 2 ? kernels_.apply16 : kernels_.apply8;
    apply(r, rows, panel.columns, c, product_.ldc);
  }

  const Kernels& kernels_;
  const IntegerProduct& product_;
  const Panels& panels_;
  RowBlock& rows_;
  UpcomingBytes& soon_;
  int64_t first_row_, first_column_;
  int32_t *low_, *high_, *products_;
};

bool goes_on_tiles(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
                   int64_t rows) {
  if (!panels.has_tiles()) return false;
  if (product.path) return *product.path == SumPath::tiles;
  return pays_on_tiles(kernels, rows, product.k) || !panels.has_vectors();
}

}  // namespace

void multiply_panels(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
                     size_t first_panel, size_t end_panel, int64_t first_row, int64_t end_row,
                     int64_t first_column, ThreadSpace& space, PathCounts& counts) {
  if (goes_on_tiles(kernels, product, panels, end_row - first_row))
    return multiply_panels_on_tiles(kernels, product, panels, first_panel, end_panel, first_row,
                                    end_row, first_column, space, counts);
  const auto step = rows_of_block(end_row - first_row, product.k, product.element_bytes(),
                                  kernels.rows_of_tile(kernels.most_vectors));
  for (auto row = first_row; row < end_row; row += step) {
    space.rows.take(kernels, product.a, row, std::min(step, end_row - row), product.k,
                    panels.has_quads(), int64_t(end_panel - first_panel));
    PanelProduct block(kernels, product, panels, row, first_column, space);
    for (auto i = first_panel; i < end_panel; ++i) {
      const auto& panel = panels.panels()[i];
      const auto route = block.route_for(panel);
      ++counts[size_t(route.path)];
      block.run(panel, route);
    }
  }
}

void multiply(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
              int64_t first_row, int64_t end_row, int64_t first_column, ThreadSpace& space,
              PathCounts& counts) {
  multiply_panels(kernels, product, panels, 0, panels.panels().size(), first_row, end_row,
                  first_column, space, counts);
}

}  // namespace xfblas
