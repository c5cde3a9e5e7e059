// Sums of rows of A times a panel of B, on tiles of bytes.
#ifndef XFBLAS_NATIVE_SUMS_ON_TILES_HPP
#define XFBLAS_NATIVE_SUMS_ON_TILES_HPP

#include <algorithm>

#include "native/multiply.hpp"

namespace xfblas {

// Rows that are multiplied together: two tiles of them share each tile of B.
constexpr int rows_on_tiles = 2 * tile_rows;

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

class SumsOnTiles {
 public:
  SumsOnTiles(const Kernels& kernels, const IntegerProduct& product, const Panels& panels,
              const Panel& panel, const RowPlanes& planes)
      : kernels_(kernels), panel_(panel), planes_(planes) {
    const bool is_narrow = planes.count + panel.tile_planes == 2;
    const bool keeps_low = product.element_bytes() == 2 && product.needs_low_bits_only();
    // Sums of int8 wrap at 32 bits.
    const bool fits = product.element_bytes() == 1 || product.sums_fit ||
                      (is_narrow && product.k <= most_tile_depth) ||
                      panels.proves_everything() || panels.prove(planes.range);
    reach_ = keeps_low ? Reach::low_bits : fits ? Reach::fits_32 : Reach::wide;
    has_upper_ = !(keeps_low && product.requantization.shift == 0);
    tiles_at_once_ = is_narrow ? 2 : 1;
    all_steps_ = (panels.k() + tile_depth - 1) / tile_depth;
  }

  Reach reach() const { return reach_; }

  // Of up to rows_on_tiles rows from `a` on, whose k is in runs of so many bytes, as `runs` says,
  // times B's k from `at` on, where a step begins: take(sums, their first column) for every 16.
  template <typename Take>
  void multiply(const int8_t* a, int rows, const Runs& runs, int64_t at, const Take& take) const {
    static thread_local TileSums sums;
    TileOperands o{};
    o.a = a, o.a_stride = planes_.rows.stride, o.a_plane = planes_.plane;
    o.a_planes = planes_.count, o.b_planes = panel_.tile_planes;
    o.b_column = all_steps_ * o.b_planes * tile_bytes;
    o.runs = runs.count, o.run_stride = runs.stride;
    o.steps = (runs.steps + tile_depth - 1) / tile_depth;
    o.has_upper = has_upper_;
    const int row_tiles = (rows + tile_rows - 1) / tile_rows;
    const auto columns = int(tiles_of(panel_));
    const int at_once = rows > 1 ? tiles_at_once_ : 1;
    for (int column = 0; column < columns; column += at_once) {
      const int taken = std::min(at_once, columns - column);
      o.b = panel_.tiles + column * o.b_column + at / tile_depth * o.b_planes * tile_bytes;
      if (rows > 1) kernels_.tiles->multiply(o, row_tiles, taken, sums);
      else kernels_.tiles->multiply_row(o, sums);
      for (int j = 0; j < taken; ++j)
        take(sums.from(j * row_tiles, o), (column + j) * tile_columns);
    }
  }

  // The same to what `low` and `high` hold, or to nothing.
  void add(const int8_t* a, int rows, const Runs& runs, int64_t at, bool is_first, int32_t* low,
           int32_t* high) const {
    multiply(a, rows, runs, at, [&](const SumsOfBytes& sums, int column) {
      kernels_.tiles->join(sums, rows, is_first, low + column,
                           reach_ == Reach::wide ? high + column : nullptr, kernels_.width());
    });
  }

 private:
  const Kernels& kernels_;
  const Panel& panel_;
  const RowPlanes& planes_;
  Reach reach_;
  bool has_upper_;
  int tiles_at_once_;
  int64_t all_steps_;
};

}  // namespace xfblas

#endif
