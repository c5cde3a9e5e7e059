// Convolutions of few output channels: a kernel's columns side by side in a vector's lanes.
//
// Few channels leave most lanes of a vector empty. Here each pixel of the copied windows meets all
// columns of the kernel at once, in lanes of their own, and what an output pixel has is the sum of
// one part of each of its neighbours' sums:
//   C[y, x] = sum over kernel columns t of P[x + t][t],   P[pixel][t] = column of pixels * B[., t]
// exactly, modulo 2^32. That is as many times fewer products as the kernel has columns. Output
// channels that repeat others' weights, as an output's windows do, are multiplied once.
#ifndef XFBLAS_NATIVE_LANE_TAPS_HPP
#define XFBLAS_NATIVE_LANE_TAPS_HPP

#include <optional>
#include <vector>

#include "native/panel_product.hpp"
#include "native/window_block.hpp"

namespace xfblas {

class LaneTaps {
 public:
  // Where that halves what vectors compute at least. panels: of B's n columns; used here only.
  static std::optional<LaneTaps> of(const Kernels& kernels, const SourceOfWindows& source,
                                    const Panels& panels, int64_t n);

  // Sums of 32 bits alone can be added up so.
  bool takes(const Route& route) const {
    return route.path == SumPath::proved || route.path == SumPath::low_bits;
  }

  // All of the windows; panel: the only one of B as other ways have it.
  void run(const WindowBlock& windows, const IntegerProduct& product, const Panel& panel,
           SumPath path, ThreadSpace& space) const;

 private:
  // rows: those of B. different: of its n columns, before they repeat.
  LaneTaps(const Kernels& kernels, const SourceOfWindows& source, const std::vector<char>& rows,
           int64_t different, int64_t n);

  const Kernels& kernels_;
  int64_t kernel_x_, different_, n_;
  Panels panels_;
  Runs runs_{};  // but for their stride
};

}  // namespace xfblas

#endif
