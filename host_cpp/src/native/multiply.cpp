#include "native/multiply.hpp"

#include <algorithm>

#include "native/multiply_on_tiles.hpp"
#include "native/panel_product.hpp"

namespace xfblas {
namespace {

// Rows of A that are read again for each panel stay in half of the second-level cache.
constexpr int64_t row_block_bytes = 480 * 1024;
constexpr int64_t fewest_rows = 72, most_rows_of_block = 288;

int64_t rows_of_block(int64_t rows, int64_t k, int element_bytes, int tile_rows) {
  const auto fitting =
      std::clamp(row_block_bytes / (k * element_bytes + 1), fewest_rows, most_rows_of_block);
  if (rows <= fitting) return rows;
  const auto blocks = (rows + fitting - 1) / fitting;
  // Even blocks of whole tiles.
  return ((rows + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
}

}  // namespace

bool goes_on_tiles(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
                   int64_t rows) {
  if (!panels.has_tiles()) return false;
  if (product.path) return *product.path == SumPath::tiles;
  return pays_on_tiles(kernels, rows, product.k) || !panels.has_vectors();
}

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
    auto of_rows = product;
    of_rows.move_to(row);
    PanelProduct block(kernels, of_rows, panels, space.rows, first_column, space);
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
