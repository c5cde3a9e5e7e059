#include "native/multiply_on_tiles.hpp"

#include <algorithm>

#include "native/panel_product.hpp"
#include "native/sums_on_tiles.hpp"

namespace xfblas {
namespace {

constexpr int64_t fewest_rows = 8, shortest_k = 16;
// Planes of so many rows stay in part of the second-level cache while panels of B pass by.
constexpr int64_t row_block_bytes = 480 * 1024, most_rows_of_block = 256;

int64_t rows_of_block(int64_t k, int element_bytes) {
  const auto fitting = row_block_bytes / (k * element_bytes + 1) / rows_on_tiles * rows_on_tiles;
  return std::clamp<int64_t>(fitting, rows_on_tiles, most_rows_of_block);
}

// All of k: at once where its sums fit the registers, which are finished as they lie there; else in
// blocks, whose sums are joined before.
void multiply_block(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
                    const Panel& panel, const RowPlanes& planes, const PlaceInC& of_planes,
                    int64_t lines, int64_t rows, int32_t* low) {
  auto* high = low + rows_on_tiles * kernels.width();
  const SumsOnTiles sums(kernels, product, panels, panel, planes);
  const auto& a = planes.rows;
  for (int64_t line = 0; line < lines; ++line)
    for (int64_t row = 0; row < rows; row += rows_on_tiles) {
      const auto count = int(std::min<int64_t>(rows_on_tiles, rows - row));
      const PlaceInC at{of_planes.line + line, of_planes.row + row,
                        of_planes.column + panel.column};
      const auto from = [&](const char* first) {
        return reinterpret_cast<const int8_t*>(first + line * a.line + row * a.stride);
      };
      if (panels.k() <= most_tile_depth) {
        a.for_each_part(0, panels.k(), [&](int64_t, const Runs& runs, const char* first) {
          sums.multiply(from(first), count, runs, 0, [&](const SumsOfBytes& found, int column) {
            finish_sums(kernels, product, sums.reach(), found,
                        {at.line, at.row, at.column + column}, count,
                        std::min(tile_columns, panel.columns - column));
          });
        });
        continue;
      }
      for (int64_t p = 0; p < panels.k(); p += most_tile_depth)
        a.for_each_part(p, std::min(most_tile_depth, panels.k() - p),
                        [&](int64_t begin, const Runs& runs, const char* first) {
                          sums.add(from(first), count, runs, begin, begin == 0, low, high);
                        });
      finish_sums(kernels, product, sums.reach(), SumsOfTile{low, high, nullptr}, at, count,
                  panel.columns);
    }
}

int32_t* space_of_sums(const Kernels& kernels, ThreadSpace& space) {
  return space.sums.room<int32_t>(size_t(2 * rows_on_tiles * kernels.width()));
}

}  // namespace

bool pays_on_tiles(const Kernels& kernels, int64_t rows, int64_t k) {
  return kernels.tiles && rows >= fewest_rows && k >= shortest_k;
}

int64_t rows_at_once(const Kernels& kernels, int64_t rows, int64_t k) {
  return pays_on_tiles(kernels, rows, k) ? rows_on_tiles
                                         : kernels.rows_of_tile(kernels.most_vectors);
}

void multiply_panels_on_tiles(const Kernels& kernels, const IntegerProduct& product,
                              const Panels& panels, size_t first_panel, size_t end_panel,
                              int64_t first_row, int64_t end_row, int64_t first_column,
                              ThreadSpace& space, PathCounts& counts) {
  const OpenTiles open(*kernels.tiles);
  auto* sums = space_of_sums(kernels, space);
  const auto step = rows_of_block(product.k, product.element_bytes());
  for (auto first = first_row; first < end_row; first += step) {
    const auto count = std::min(step, end_row - first);
    const auto planes = space.rows.take_planes(kernels, product.a, first, count, product.k);
    for (auto i = first_panel; i < end_panel; ++i) {
      ++counts[size_t(SumPath::tiles)];
      multiply_block(kernels, product, panels, panels.panels()[i], planes,
                     {0, first, first_column}, 1, count, sums);
    }
  }
}

void multiply_planes_on_tiles(const Kernels& kernels, const IntegerProduct& product,
                              const Panels& panels, const RowPlanes& planes, int64_t lines,
                              int64_t rows, ThreadSpace& space, PathCounts& counts) {
  const OpenTiles open(*kernels.tiles);
  auto* sums = space_of_sums(kernels, space);
  for (const auto& panel : panels.panels()) {
    ++counts[size_t(SumPath::tiles)];
    multiply_block(kernels, product, panels, panel, planes, {0, 0, 0}, lines, rows, sums);
  }
}

}  // namespace xfblas
