// Convolutions of an upsampled map, with each of its pixels multiplied once.
//
// After nearest upsampling neighbours are the same pixel, so that direct sums multiply it with the
// same weights several times. Here each pixel of the map as it is meets every tap once, and what an
// output pixel has is the sum of one such product for each tap:
//   C[y, x] = sum over taps t of P[t][pixel that t meets at (y, x)],   P[t][pixel] = pixel * B[t]
// exactly, modulo 2^32: weights stay as they are. Twice in both directions saves three quarters.
#ifndef XFBLAS_NATIVE_TAP_PRODUCTS_HPP
#define XFBLAS_NATIVE_TAP_PRODUCTS_HPP

#include "native/panel_product.hpp"
#include "native/window_block.hpp"

namespace xfblas {

// Along one axis: which pixel each output pixel's taps meet, padding included.
struct TapAxis {
  int64_t up, kernel, stride, dilation, pad;

  int64_t pixel(int64_t output, int64_t tap) const {
    const auto at = output * stride + tap * dilation - pad;
    return at >= 0 ? at / up : -((up - 1 - at) / up);
  }
  int64_t first(int64_t output) const { return pixel(output, 0); }
  int64_t last(int64_t output) const { return pixel(output, kernel - 1); }
  // So many output pixels meet at most.
  int64_t span(int64_t outputs) const {
    return ((outputs - 1) * stride + (kernel - 1) * dilation) / up + 2;
  }
};

class TapProducts {
 public:
  // product: of the part's output pixels, as its panels have it.
  TapProducts(const Kernels& kernels, const IntegerProduct& product, const FeatureMap& map,
              const Panels& panels, const SourceOfWindows& source, const OutputPart& part,
              ThreadSpace& space);

  // Whether this takes fewer products for a convolution, whose sums fit 32 bits.
  static bool pays(const FeatureMap& map, const Panels& panels);
  // Pixels of the map that so many output pixels need.
  static int64_t pixels_of(const FeatureMap& map, int64_t rows, int64_t columns);

  // How a panel may be added up, or nothing where its sums may not fit.
  std::optional<SumPath> path_for(const Panel& panel);
  void run(const Panel& panel, SumPath path);

 private:
  void run_columns(const Panel& panel, SumPath path, int64_t x, int64_t end);
  void multiply_row(const Panel& panel, int64_t row, int64_t first, int64_t count);
  void multiply_row_on_tiles(const Panel& panel, int64_t row, int64_t first, int64_t count);
  bool is_met(int64_t row, int64_t tap) const;
  int32_t* sums_of(int64_t row) const;

  const Kernels& kernels_;
  const IntegerProduct& product_;
  const FeatureMap& map_;
  const Panels& panels_;
  OutputPart part_;
  TapAxis rows_, columns_;
  int64_t first_row_, first_column_;  // of the pixels that were copied
  SourceOfWindows pixels_;            // a window of one pixel each
  WindowBlock& block_;
  RowPlanes planes_{};  // of the block, for tiles
  ThreadSpace& space_;
  int64_t columns_at_once_;
  int64_t kept_rows_, kept_columns_, tap_sums_;  // of products; of one tap's in a row
  int32_t* products_;
  int32_t *sums_, *starts_;
  std::optional<ClampedTile> clamped_;
  std::vector<const int32_t*> begins_;
  // Of each output row and row of the kernel the row that they meet; columns likewise.
  std::vector<int64_t> rows_met_, columns_met_;
  std::vector<int32_t> offsets_;
};

}  // namespace xfblas

#endif
