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
#include "native/statistics.hpp"
#include "native/window_block.hpp"

namespace xfblas {

class Winograd {
 public:
  // product: of pointers to the first element of the map and of C.
  Winograd(const Kernels& kernels, const IntegerProduct& product, const FeatureMap& map,
           const Panels& panels, const SourceOfWindows& source);

  // Whether this takes less time.
  static bool pays(const Kernels& kernels, const IntegerProduct& product, const FeatureMap& map,
                   const Panels& panels);

  void run(int64_t threads, Counter& counter) const;

 private:
  // 4 x 4 output pixels, fewer at the end of a map.
  struct Tile {
    int64_t frame, y, x;
  };
  Tile tile(int64_t number) const;
  int64_t tiles_of_task(int64_t threads) const;
  bool keeps_weights() const;

  // Tiles first .. end-1 at their positions, so many elements apart.
  struct Pixels {
    int64_t first, end;
    int16_t* data;
    ptrdiff_t position;
  };
  Pixels room_for(int64_t first, int64_t end) const;
  void transform(const Pixels& pixels, int64_t first, int64_t end) const;
  void transform_tile(const Tile& tile, int16_t* to, ptrdiff_t position) const;
  void multiply_panels(const Pixels& pixels, size_t first, size_t end) const;
  // Of a row of six positions.
  const int16_t* weights_of(size_t panel, int64_t row) const;
  void multiply(size_t number, const Pixels& pixels, int32_t* sums, ptrdiff_t position) const;
  // Of tiles that are side by side.
  void finish(const Panel& panel, const Tile& first, int64_t tiles, const int32_t* sums,
              ptrdiff_t position) const;

  const Kernels& kernels_;
  const IntegerProduct& product_;
  const FeatureMap& map_;
  const Panels& panels_;
  const SourceOfWindows& source_;
  uint64_t number_;  // no other's
  int64_t channels_, down_, across_, tiles_;
  int64_t pixel_stride_, weight_position_;  // elements
  std::vector<int8_t> outside_;             // a pixel of the padding
};

}  // namespace xfblas

#endif
