// How an instruction walks feature maps: the fields of a Map instruction, and where each element
// lies.
//
// A Map instruction computes nothing. It says how the next one takes its A from a map of pixels,
// each of some channels, and where in a map its C goes: Fcn becomes a convolution, whose rows of A
// are gathered on the way and never lie anywhere, and Window pools or convolves each channel alone.
//
// C++14 and free of the standard library, because the kernels include it as well as the host.
#ifndef XFBLAS_FEATURE_MAP_HPP
#define XFBLAS_FEATURE_MAP_HPP

#include "xfblas/instruction.hpp"

namespace xfblas {

enum WindowKind : uint32_t {
  window_max = 0,
  window_average = 1,
  window_depthwise = 2,
};

// Kernels hold at most this many taps, so that a sum of elements fits 32 bits.
constexpr uint32_t most_taps = 65535;
constexpr uint32_t most_frames = 65535;
constexpr uint32_t most_map_stride = 65535;

// Rows before columns throughout.
struct FeatureMap {
  uint32_t height, width, channels;  // of A; channels of a tap, its pixels are lda elements apart
  uint32_t up_y, up_x;               // each pixel counts as so many, nearest upsampling
  uint32_t kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x;
  int32_t pad_top, pad_left;         // below 0 they crop
  uint32_t out_y, out_x;             // pixels of C
  uint32_t a_first, c_first;         // elements behind the pages of A and C
  uint32_t c_row, c_frame;           // elements of C from row to row, from frame to frame
  int32_t fill;                      // an element, which padding holds: what stands for 0

  uint32_t taps() const { return kernel_y * kernel_x; }
  uint32_t pixels() const { return out_y * out_x; }
};

// A Map instruction's words in the order of its structure.
inline FeatureMap feature_map(const Instruction& i) {
#pragma HLS INLINE
  constexpr uint32_t half = 0xffffu;
  FeatureMap map;
  map.height = i.a & half, map.width = i.a >> 16;
  map.channels = i.b & half, map.up_y = i.b >> 16 & 0xffu, map.up_x = i.b >> 24;
  map.kernel_y = i.c & half, map.kernel_x = i.c >> 16;
  map.stride_y = i.x & half, map.stride_x = i.x >> 16;
  map.dilation_y = i.m & half, map.dilation_x = i.m >> 16;
  map.pad_top = int16_t(i.k & half), map.pad_left = int16_t(i.k >> 16);
  map.out_y = i.n & half, map.out_x = i.n >> 16;
  map.a_first = i.lda, map.c_first = i.ldb;
  map.c_row = i.ldc, map.c_frame = i.ldx;
  map.fill = int16_t(i.post & half);
  return map;
}

inline Instruction map_instruction(const FeatureMap& map) {
  const auto pair = [](uint32_t low, uint32_t high) { return (low & 0xffffu) | high << 16; };
  Instruction i{};
  i.opcode = opcode_map;
  i.a = pair(map.height, map.width);
  i.b = pair(map.channels, map.up_y | map.up_x << 8);
  i.c = pair(map.kernel_y, map.kernel_x);
  i.x = pair(map.stride_y, map.stride_x);
  i.m = pair(map.dilation_y, map.dilation_x);
  i.k = pair(uint32_t(map.pad_top), uint32_t(map.pad_left));
  i.n = pair(map.out_y, map.out_x);
  i.lda = map.a_first, i.ldb = map.c_first;
  i.ldc = map.c_row, i.ldx = map.c_frame;
  i.post = pair(uint32_t(map.fill), 0);
  return i;
}

// The row of the map that output row y meets with the kernel's row ky, or below 0 where that is
// padding; columns likewise.
inline int32_t row_of_map(const FeatureMap& map, uint32_t y, uint32_t ky) {
#pragma HLS INLINE
  const int64_t row =
      int64_t(y) * map.stride_y + int64_t(ky) * map.dilation_y - map.pad_top;
  return row < 0 || row >= int64_t(map.height) * map.up_y ? -1 : int32_t(row / map.up_y);
}
inline int32_t column_of_map(const FeatureMap& map, uint32_t x, uint32_t kx) {
#pragma HLS INLINE
  const int64_t column =
      int64_t(x) * map.stride_x + int64_t(kx) * map.dilation_x - map.pad_left;
  return column < 0 || column >= int64_t(map.width) * map.up_x ? -1
                                                               : int32_t(column / map.up_x);
}

// Elements from the map's first to a pixel's, and from C's first to an output pixel's.
inline uint64_t pixel_of_a(const FeatureMap& map, uint32_t lda, uint32_t frame, uint32_t row,
                           uint32_t column) {
#pragma HLS INLINE
  return map.a_first + ((uint64_t(frame) * map.height + row) * map.width + column) * lda;
}
inline uint64_t pixel_of_c(const FeatureMap& map, uint32_t ldc, uint32_t frame, uint32_t y,
                           uint32_t x) {
#pragma HLS INLINE
  return map.c_first + uint64_t(frame) * map.c_frame + uint64_t(y) * map.c_row + uint64_t(x) * ldc;
}

// Rounds half up; `count` elements were added.
inline int32_t average_of(int32_t sum, uint32_t count) {
#pragma HLS INLINE
  const int64_t doubled = 2 * int64_t(sum) + count, divisor = 2 * int64_t(count);
  return int32_t(doubled >= 0 ? doubled / divisor : -((divisor - 1 - doubled) / divisor));
}

}  // namespace xfblas

#endif
