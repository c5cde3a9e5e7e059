// A block of rows of A times one panel of B, tile by tile: sums, refined where they are wider than
// 32 bits, and finished.
#ifndef XFBLAS_NATIVE_PANEL_PRODUCT_HPP
#define XFBLAS_NATIVE_PANEL_PRODUCT_HPP

#include <algorithm>
#include <optional>
#include <vector>

#include "native/multiply.hpp"

namespace xfblas {

// An element of C: of a row in a line, and a column.
struct PlaceInC {
  int64_t line, row, column;
};

inline Reach reach_of(const IntegerProduct& product, SumPath path) {
  if (path == SumPath::low_bits && product.needs_low_bits_only()) return Reach::low_bits;
  return path == SumPath::proved || product.element_bytes() == 1 ? Reach::fits_32 : Reach::wide;
}

// The table of what finishes such sums.
inline const Kernels& table_for(const Kernels& kernels, const SumsOfTile&) { return kernels; }
inline const TileKernels& table_for(const Kernels& kernels, const SumsOfBytes&) {
  return *kernels.tiles;
}

// Elements of C, from a place on, from the sums of a tile that reach so far.
template <typename Sums>
void finish_sums(const Kernels& kernels, const IntegerProduct& product, Reach reach,
                 const Sums& sums, const PlaceInC& at, int rows, int columns) {
  const auto& r = product.requantization;
  const auto bytes = product.element_bytes();
  auto* c = static_cast<char*>(product.c) +
            (at.line * product.c_line + at.row * product.ldc + at.column) * product.c_bytes();
  if (r.keeps_sums)
    return table_for(kernels, sums).store_sums(reach, rows, columns, sums,
                                               reinterpret_cast<int64_t*>(c), product.ldc);
  const auto* x = static_cast<const char*>(product.x);
  if (x)
    x += (at.line * product.x_line + at.row * product.ldx + at.column) * product.addend_bytes;
  table_for(kernels, sums).finish(reach, bytes, product.addend_bytes)(r, rows, columns, sums, x,
                                                                      product.ldx, c, product.ldc);
  if (r.function == activation_prelu) return;
  const auto apply = bytes == 2 ? kernels.apply16 : kernels.apply8;
  apply(r, rows, columns, c, product.ldc);
}

// Where sums of bytes go that become elements as soon as they are complete; nothing where they do
// not. starts: gets what a panel's columns begin with, X and their offsets.
inline std::optional<ClampedTile> clamped_tile(const Kernels& kernels,
                                               const IntegerProduct& product, const Panel& panel,
                                               int64_t first_column, SumPath path,
                                               int32_t* starts) {
  const auto& r = product.requantization;
  if (!kernels.clamped_quads || panel.columns != kernels.width() ||
      reach_of(product, path) != Reach::fits_32)
    return std::nullopt;
  if (r.keeps_sums || !r.only_clamps() || r.activates || product.element_bytes() != 1 ||
      product.addend_bytes != 4 || (product.x && product.ldx != 0))
    return std::nullopt;
  const auto* x = static_cast<const int32_t*>(product.x);
  for (int j = 0; j < panel.columns; ++j) {
    const auto offset = panel.column_offsets ? panel.column_offsets[j] : 0;
    const auto addend = x ? x[first_column + panel.column + j] : 0;
    // They wrap as sums do.
    starts[j] = int32_t(uint32_t(offset) + uint32_t(addend));
  }
  return ClampedTile{starts, r.scale_with_shift(), r.half_with_shift(),
                     static_cast<int8_t*>(product.c) + first_column + panel.column, product.ldc};
}

// Rows of A in the forms that tiles read, RowBlock or WindowBlock, times one panel.
template <typename Block>
class PanelProduct {
 public:
  // product: of these rows alone, so that its pointers are to the first of them.
  PanelProduct(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
               Block& rows, int64_t first_column, ThreadSpace& space)
      : kernels_(kernels),
        product_(product),
        panels_(panels),
        rows_(rows),
        soon_(space.soon),
        pieces_(space.pieces),
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
    cut(route);
    std::optional<ClampedTile> clamped;
    if (panels_.has_quads() && pieces_.size() == 1)
      clamped = clamped_tile(kernels_, product_, panel, first_column_, route.path, low_);
    for (int64_t line = 0; line < rows_.lines(); ++line) {
      const int64_t rows = rows_.rows(), tile = kernels_.rows_of_tile(panel.vectors);
      const auto tiles = (rows + tile - 1) / tile;
      for (int64_t i = 0; i < tiles; ++i) {
        const Tile part{line, i * rows / tiles, (i + 1) * rows / tiles};
        if (clamped) run_clamped(panel, part, *clamped);
        else run_tile(panel, route, part);
      }
    }
  }

 private:
  struct Tile {
    int64_t line, row, end;
    int rows() const { return int(end - row); }
  };

  // All tiles have the same pieces, which kernels take by reference: made for each tile, they would
  // wait for the vectors of the tile before.
  void cut(const Route& route) {
    const auto& a = rows_.elements();
    const int64_t group = panels_.has_quads() ? 4 : 2;
    const auto block = route.block ? route.block : panels_.k();
    pieces_.clear();
    for (int64_t p = 0; p < panels_.k(); p += block) {
      const auto count = std::min(block, panels_.k() - p);
      a.for_each_part(p, count, [&](int64_t at, Runs runs, const char* first) {
        runs.steps = (runs.steps + group - 1) / group;
        pieces_.push_back({at, first - a.data, runs, p});
      });
      pieces_.back().count = count;
    }
  }

  void run_tile(const Panel& panel, const Route& route, const Tile& tile) {
    call_c(panel, tile);
    const auto& a = rows_.elements();
    const auto* first = a.data + tile.line * a.line + tile.row * a.stride;
    const auto* b = static_cast<const char*>(panel.packed);
    const bool has_quads = panels_.has_quads();
    const auto multiply = has_quads ? kernels_.quads : kernels_.pairs;
    const int64_t step = panel.vectors * kernels_.lanes * (has_quads ? 1 : 2);
    for (const auto& piece : pieces_) {
      multiply(tile.rows(), panel.vectors, first + piece.behind, a.stride, piece.runs,
               b + piece.at * step, piece.at > 0, soon_.take(piece.runs.all_steps()), low_);
      if (piece.count > 0) refine(panel, route.path, tile, piece.block, piece.count);
    }
    finish(panel, route.path, tile);
  }

  void run_clamped(const Panel& panel, const Tile& tile, ClampedTile to) {
    call_c(panel, tile);
    const auto& a = rows_.elements();
    const auto& piece = pieces_.front();
    to.c += tile.line * product_.c_line + tile.row * product_.ldc;
    kernels_.clamped_quads(tile.rows(),
                           a.data + tile.line * a.line + tile.row * a.stride + piece.behind,
                           a.stride, piece.runs, panel.packed,
                           soon_.take(piece.runs.all_steps()), to);
  }

  // C's lines into the cache while the sums are computed, since stores would wait for them.
  void call_c(const Panel& panel, const Tile& tile) const {
    const auto bytes = product_.c_bytes();
    const auto* row = static_cast<const char*>(product_.c) +
                      (tile.line * product_.c_line + tile.row * product_.ldc + first_column_ +
                       panel.column) * bytes;
    for (auto i = tile.row; i < tile.end; ++i, row += product_.ldc * bytes)
      for (int64_t at = 0; at < panel.columns * bytes; at += 64) __builtin_prefetch(row + at, 1);
  }

  // b: quads of all of the panel.
  void add_quads(const TileRows& a, const Tile& tile, const Panel& panel, const void* b, int64_t p,
                 int64_t count, int32_t* sums) {
    const int64_t width = panel.vectors * kernels_.lanes;
    a.for_each_part(p, count, [&](int64_t at, Runs runs, const char* first) {
      runs.steps = (runs.steps + 3) / 4;
      kernels_.quads(tile.rows(), panel.vectors, first + tile.line * a.line + tile.row * a.stride,
                     a.stride, runs, static_cast<const char*>(b) + at * width, at > 0,
                     soon_.take(runs.all_steps()), sums);
    });
  }

  void add_pairs(const TileRows& a, const Tile& tile, const Panel& panel, int64_t p, int64_t count,
                 int32_t* sums) {
    const int64_t width = panel.vectors * kernels_.lanes;
    a.for_each_part(p, count, [&](int64_t at, Runs runs, const char* first) {
      runs.steps = (runs.steps + 1) / 2;
      kernels_.pairs(tile.rows(), panel.vectors, first + tile.line * a.line + tile.row * a.stride,
                     a.stride, runs, static_cast<const int16_t*>(panel.packed) + at * width,
                     at > p, soon_.take(runs.all_steps()), sums);
    });
  }

  void refine(const Panel& panel, SumPath path, const Tile& tile, int64_t p, int64_t count) {
    const int rows = tile.rows();
    if (path == SumPath::spilled) {
      kernels_.refine_spilled(rows, panel.vectors, low_, high_, p == 0);
    } else if (path == SumPath::estimated) {
      add_quads(rows_.high_bytes(), tile, panel, panel.high_bytes, p, count, high_);
      kernels_.refine_estimated(rows, panel.vectors, low_, offsets_at(panel, p),
                                offsets_at(panel, p + count), high_);
    } else if (path == SumPath::split) {
      add_pairs(rows_.high_words(), tile, panel, p, count, products_);
      kernels_.refine_split(rows, panel.vectors, low_, products_, high_, p == 0);
    }
  }

  // k ends between two rows of offsets, of which the second belongs to it.
  const int32_t* offsets_at(const Panel& panel, int64_t p) const {
    const auto part = (p + shortest_estimated - 1) / shortest_estimated;
    return panel.estimate_offsets + part * kernels_.width();
  }

  void finish(const Panel& panel, SumPath path, const Tile& tile) const {
    finish_sums(kernels_, product_, reach_of(product_, path),
                SumsOfTile{low_, high_, panel.column_offsets},
                {tile.line, tile.row, first_column_ + panel.column}, tile.rows(), panel.columns);
  }

  const Kernels& kernels_;
  const IntegerProduct& product_;
  const Panels& panels_;
  Block& rows_;
  UpcomingBytes& soon_;
  std::vector<PieceOfK>& pieces_;
  int64_t first_column_;
  int32_t *low_, *high_, *products_;
};

}  // namespace xfblas

#endif
