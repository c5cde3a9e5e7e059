// Convolutions of 3 x 3 bytes by a quarter of their products: Winograd's F(4x4, 3x3), exactly.
//
// Of 6 x 6 pixels d and a kernel g, 4 x 4 output pixels are (Lavin and Gray, 2016, section 4.3)
//   Y = A^T [(G g G^T) * (B^T d B)] A,      * position by position, summed over channels,
// so that each channel takes 36 products in place of 144, for polynomials at 0, 1, -1, 2, -1/2 and
// infinity. There B is whole numbers, and B^T d B of bytes fits 16 bits. The rows of G are fractions:
// times what makes them whole G g G^T fits 14 bits, and A^T [] A, which takes that back, gives 900 Y
// modulo 2^32. 900 is 4 * 225: a multiplication by the inverse of 225 and a shift leave Y itself
// where it is below 2^29, as sums of bytes are up to most_channels. (The usual points, with -2, would
// take 576 Y, and Y of less than 2^25.)
//
// Products are of int16, which are half as fast as those of bytes, so that twice the speed is left.
#ifndef XFBLAS_NATIVE_WINOGRAD_HPP
#define XFBLAS_NATIVE_WINOGRAD_HPP

#include <vector>

#include "native/multiply.hpp"
#include "native/window_block.hpp"
#include "native/window_tasks.hpp"

namespace xfblas {

class Winograd {
 public:
  // product: of pointers to the first element of the map and of C.
  Winograd(const Kernels& kernels, const IntegerProduct& product, const FeatureMap& map,
           const Panels& panels, const SourceOfWindows& source);

  // Whether this takes less time.
  static bool pays(const Kernels& kernels, const IntegerProduct& product, const FeatureMap& map,
                   const Panels& panels);

  // For run(), with as many tasks as threads at least where there are as many tiles.
  Tasks tasks(int64_t frames, int64_t threads) const;

  // product: of the part alone. The panels first .. end-1 of it.
  void run(const IntegerProduct& product, const OutputPart& part, size_t first, size_t end,
           ThreadSpace& space) const;

 private:
  const int8_t* pixel(const OutputPart& part, int64_t y, int64_t x) const;
  const int16_t* weights_of(size_t panel, ThreadSpace& space) const;
  void multiply(const Panel& panel, const int16_t* pixels, const int16_t* weights, int64_t tiles,
                int32_t* sums, ThreadSpace& space) const;

  const Kernels& kernels_;
  const FeatureMap& map_;
  const Panels& panels_;
  const SourceOfWindows& source_;
  uint64_t number_;      // no other's
  int64_t channels_;
  int64_t pixel_stride_, weight_position_;  // elements
  std::vector<int8_t> outside_;             // a pixel of the padding
};

}  // namespace xfblas

#endif
