// Convolutions of few output channels: a kernel's columns side by side in a vector's lanes.
//
// Few channels leave most lanes of a vector empty. Here each pixel of the copied windows meets all
// columns of the kernel at once, in lanes of their own, and what an output pixel has is the sum of
// one part of each of its neighbours' sums:
//   C[y, x] = sum over kernel columns t of P[x + t][t],   P[pixel][t] = column of pixels * B[., t]
// exactly, modulo 2^32. That is as many times fewer products as the kernel has columns.
#ifndef XFBLAS_NATIVE_LANE_TAPS_HPP
#define XFBLAS_NATIVE_LANE_TAPS_HPP

#include <vector>

#include "native/panel_product.hpp"
#include "native/window_block.hpp"

namespace xfblas {

class LaneTaps {
 public:
  // Whether that halves what vectors compute at least, for n output channels.
  static bool pays(const Kernels& kernels, const SourceOfWindows& source, int64_t n);

  // panels: of B's n columns, for vectors; used here only.
  LaneTaps(const Kernels& kernels, const SourceOfWindows& source, const Panels& panels, int64_t n);

  // Sums of 32 bits alone can be added up so.
  bool takes(const Route& route) const {
    return route.path == SumPath::proved || route.path == SumPath::low_bits;
  }

  // All of the windows; panel: the only one of B as other ways have it.
  void run(const WindowBlock& windows, const IntegerProduct& product, const Panel& panel,
           SumPath path, ThreadSpace& space) const;

 private:
  const Kernels& kernels_;
  const int64_t kernel_x_, n_;
  Panels panels_;
  Runs runs_{};  // but for their stride
};

}  // namespace xfblas

#endif
