// The windows of some output pixels, as rows of A that lie nowhere.
//
// What they need of a map is copied into a thread's own memory, padding, fill and upsampling
// applied, in the form that tiles read. A row of A is then a few runs there: one for each row of
// the kernel.
#ifndef XFBLAS_NATIVE_WINDOW_BLOCK_HPP
#define XFBLAS_NATIVE_WINDOW_BLOCK_HPP

#include <cstdint>

#include "native/multiply.hpp"
#include "native/row_block.hpp"
#include "xfblas/feature_map.hpp"

namespace xfblas {

// How windows lie along one axis of the copy: side by side with what they share, or each by itself.
class WindowAxis {
 public:
  WindowAxis() = default;
  WindowAxis(uint32_t extent, uint32_t up, uint32_t kernel, uint32_t stride, uint32_t dilation,
             int32_t pad, bool shares)
      : extent_(int64_t(extent) * up),
        up_(up),
        kernel_(kernel),
        stride_(stride),
        dilation_(dilation),
        pad_(pad),
        shares_(shares) {}

  // Places from one output pixel to the next, and from one tap to the next.
  int64_t step() const { return shares_ ? stride_ : kernel_; }
  int64_t tap() const { return shares_ ? dilation_ : 1; }
  // Places that so many output pixels need.
  int64_t places(int64_t outputs) const { return (outputs - 1) * step() + (kernel_ - 1) * tap() + 1; }
  // Whether places are pixels of the map one after the other.
  bool is_straight() const { return shares_ && up_ == 1; }
  // The pixel of the map at a place, below 0 where that is padding; `first`: the first output pixel.
  int64_t pixel(int64_t first, int64_t place) const {
    const auto at = (shares_ ? first * stride_ + place
                             : (first + place / kernel_) * stride_ + place % kernel_ * dilation_) -
                    pad_;
    return at < 0 || at >= extent_ ? -1 : at / up_;
  }

 private:
  int64_t extent_ = 0, up_ = 1, kernel_ = 1, stride_ = 1, dilation_ = 1, pad_ = 0;
  bool shares_ = true;
};

// Output pixels of one frame.
struct OutputPart {
  int64_t frame, y, x, rows, columns;
};

// The A of a convolution.
struct SourceOfWindows {
  const char* data;  // the map's first element
  FeatureMap map;
  int64_t lda;
  int element_bytes;
  WindowAxis rows, columns;

  SourceOfWindows(const char* data, const FeatureMap& map, int64_t lda, int element_bytes);

  int64_t run() const { return int64_t(map.kernel_x) * map.channels; }
  // The rows of the map that output pixels need, as they lie in it.
  UpcomingBytes rows_of(const OutputPart& part) const;
  int64_t frame_bytes() const {
    return int64_t(map.height) * map.width * lda * element_bytes;
  }
};

// Of the interface of RowBlock, with a line for each row of output pixels.
class WindowBlock {
 public:
  void take(const Kernels& kernels, const SourceOfWindows& source, const OutputPart& part,
            bool as_quads);
  // As planes only, with room behind for what a tile's last rows and steps read.
  RowPlanes take_planes(const Kernels& kernels, const SourceOfWindows& source,
                        const OutputPart& part);

  int64_t lines() const { return part_.rows; }
  int64_t rows() const { return part_.columns; }
  const TileRows& elements() const { return elements_; }

  // Computed when they are first asked for; of int16 only.
  const ElementRange& range();
  double largest_norm();
  const RowBounds& bounds();
  const TileRows& high_words();
  const TileRows& high_bytes();

 private:
  void begin(const Kernels& kernels, const SourceOfWindows& source, const OutputPart& part);
  template <typename To, typename From>
  void copy_elements(void (*convert)(const From*, int64_t, To*), To fill);
  // `to` takes what is at each place of the copy, one after the other.
  template <typename From, typename Copy>
  void copy(Copy& to) const;
  template <typename From, typename Copy>
  void copy_row(const From* row, int64_t at, Copy& to) const;
  template <typename To>
  void convert(void (*convert)(const int16_t*, int64_t, To*));
  // unit: of elements, to whole numbers of which B pads a run.
  TileRows tile_rows_of(const void* data, int element_bytes, int64_t unit) const;
  int64_t elements_of_row() const { return places_x_ * int64_t(source_->map.channels); }
  const int16_t* words() const { return reinterpret_cast<const int16_t*>(elements_.data); }

  const Kernels* kernels_ = nullptr;
  const SourceOfWindows* source_ = nullptr;
  OutputPart part_{};
  int64_t places_y_ = 0, places_x_ = 0;
  TileRows elements_{}, high_words_{}, high_bytes_{};
  bool has_range_ = false, has_norm_ = false, has_bounds_ = false;
  ElementRange range_{};
  double largest_norm_ = 0;
  RowBounds bounds_;
  uint64_t most_of_place_ = 0;  // the largest sum of squares of a place, with the norm
  Workspace element_space_, high_space_, square_space_;
};

}  // namespace xfblas

#endif
