// Any function by a table of 513 entries that the host sends, to the last bit: the same for every
// target.
//
// The table covers every argument, so that nothing is cut off at an end of it: entry 256 is the
// function at 0, entries 0 and 512 those at the ends of an element's range. On either side of 0 lie
// 256 segments in 2, 4 or 8 groups of as many segments. Of an element of 16 bits (one of 8 bits
// counts 256 times):
//
//   groups   segments in each   widths of the segments, from 0 outwards
//   2        128                128, 128: even steps over all of the range
//   4        64                 64, 64, 128, 256
//   8        32                 8, 8, 16, 32, 64, 128, 256, 512
//
// Groups of doubling widths are fine where functions bend, whatever the range, and coarse where
// they are straight. An entry has 18 bits: an element and two bits below it.
//
//   u = c, or -1 - c where c < 0        its segment begins at s and is w wide
//   p = u - s, and 1 more where c < 0   so that both entries are met exactly
//   C = clamp((near * w + (far - near) * p + 2 w) / (4 w)), rounded down
//
// A function that is straight between two entries is off by 5/8 of an element at most: half by the
// last rounding, an eighth by the entries'. Free of the standard library, because the kernels
// include it.
#ifndef XFBLAS_ENTRY_TABLE_HPP
#define XFBLAS_ENTRY_TABLE_HPP

#include <stdint.h>

namespace xfblas {

constexpr int table_entries = 513;
constexpr int entry_bits = 18;
constexpr int entry_bytes = 4;  // in memory, of which the low 18 bits count
constexpr double worst_entry_error = 0.625;
// Word 15 holds the binary logarithm of the number of groups.
constexpr uint32_t fewest_groups = 1, most_groups = 3;

// The two entries that an element lies between, and how many 512ths of the way it is.
struct TablePlace {
  int32_t near, far, part;
};

template <int bits>
TablePlace table_place(int32_t c, uint32_t groups) {
#pragma HLS INLINE
  const int32_t below = c < 0 ? 1 : 0;
  const uint32_t u = uint32_t(c * (1 << (16 - bits)) ^ -below);
  const uint32_t in_group = 8 - groups;              // segments, as a power of 2
  const uint32_t finest = 8 + groups - (1u << groups);  // width of the first two groups
  const uint32_t size = u >> (finest + in_group);
  const uint32_t doubled = uint32_t(size > 1) + uint32_t(size > 3) + uint32_t(size > 7) +
                           uint32_t(size > 15) + uint32_t(size > 31) + uint32_t(size > 63);
  const uint32_t width = finest + doubled;
  const int32_t segment = int32_t((doubled << in_group) + (u >> width));
  const int32_t passed = int32_t(u & ((1u << width) - 1)) + below;
  TablePlace place;
  place.near = below ? 256 - segment : 256 + segment;
  place.far = below ? 255 - segment : 257 + segment;
  place.part = passed << (9 - width);
  return place;
}

template <int bits>
int32_t between_entries(int32_t near, int32_t far, int32_t part) {
#pragma HLS INLINE
  constexpr int32_t maximum = (1 << (bits - 1)) - 1;
  const int32_t value = (near * 512 + (far - near) * part + 1024) >> 11;
  return value > maximum ? maximum : value < -maximum - 1 ? -maximum - 1 : value;
}

}  // namespace xfblas

#endif
