// Exact products of int8 and int16 on tiles of bytes.
//
// With a = 256 ah + al and b = 256 bh + bl, the high bytes signed and the low ones not,
//   sum a b = 65536 sum ah bh + 256 (sum ah bl + sum al bh) + sum al bl (1)
// whose three sums fit 32 bits for k up to 32,768 whatever the data: the narrowest is the middle
// one, 2 * 128 * 255 * k < 2^31. Where all of an operand's elements fit a signed byte, as int8 do,
// it is that byte, and half of the products go; of both, three quarters.
#ifndef XFBLAS_NATIVE_TILE_KERNELS_HPP
#define XFBLAS_NATIVE_TILE_KERNELS_HPP

#include <cstddef>
#include <cstdint>

#include "native/requantization.hpp"

namespace xfblas {

// A tile has this many rows of sums, of as many columns, and takes so many bytes of k at a step.
constexpr int tile_rows = 16, tile_columns = 16, tile_depth = 64;
constexpr int64_t tile_bytes = 1024;
constexpr int64_t most_tile_depth = 32768;

// Operands as planes of bytes, the high one first: 2 planes, or 1 where elements fit a byte.
struct TileOperands {
  const int8_t* a;     // rows, `a_stride` bytes apart, of whole steps of k
  ptrdiff_t a_stride, a_plane;
  const int8_t* b;     // for each step, a tile of each plane
  ptrdiff_t b_column;  // from 16 columns to the next
  int a_planes, b_planes;
  int64_t steps;       // of tile_depth, in each run
  int64_t runs = 1;    // of A's rows, `run_stride` bytes apart
  ptrdiff_t run_stride = 0;
  bool has_upper;      // whether bits from 2^16 on matter; else products of high bytes are left out
};

// Sums of up to 32 rows of 16 columns, one row after the other, that count 65536, 256 and 1 times;
// null where there are none of a kind.
struct SumsOfBytes {
  const int32_t *high, *middle, *low;
};

// What a product leaves behind: of 16 columns all rows' tiles, then of the next 16.
struct TileSums {
  alignas(64) int32_t high[4][tile_rows * tile_columns];
  alignas(64) int32_t middle[4][tile_rows * tile_columns];
  alignas(64) int32_t low[4][tile_rows * tile_columns];

  SumsOfBytes from(int tile, const TileOperands& o) const {
    const int planes = o.a_planes + o.b_planes;
    return {planes == 4 && o.has_upper ? high[tile] : nullptr, planes > 2 ? middle[tile] : nullptr,
            low[tile]};
  }
};

struct TileKernels {
  // Around products: registers belong to the thread, and other libraries shape them too.
  void (*begin)();
  void (*end)();

  // k rows of up to 16 columns of B, into steps * planes tiles.
  void (*pack8)(const int8_t* b, int64_t ldb, int64_t k, int columns, int8_t* to);
  void (*pack16)(const int16_t* b, int64_t ldb, int64_t k, int columns, int planes, int8_t* to);
  // A row of A into two planes, of which the low one is the elements where these fit a signed byte.
  // Behind it are zeros, to a whole step.
  void (*split_row)(const int16_t* row, int64_t count, int8_t* high, int8_t* low);

  // 16 rows, or twice as many, by 16 columns; by twice as many where both operands have one plane.
  void (*multiply)(const TileOperands& operands, int row_tiles, int column_tiles, TileSums& sums);
  // One row by 16 columns in vectors, which take the bytes of a tile of B as they lie.
  void (*multiply_row)(const TileOperands& operands, TileSums& sums);

  // Sums by (1) to what `low` and `high` hold, as SumsOfTile has them with rows of `stride`;
  // `is_first`: to nothing. high is null where the sum fits 32 bits, or only these matter.
  void (*join)(const SumsOfBytes& sums, int rows, bool is_first, int32_t* low, int32_t* high,
               ptrdiff_t stride);

  // As those of Kernels, of up to 16 columns: (1) is added up in registers on the way.
  using Finish = void (*)(const Requantization&, int rows, int columns, const SumsOfBytes&,
                          const void* x, ptrdiff_t ldx, void* c, ptrdiff_t ldc);
  Finish (*finish)(Reach reach, int element_bytes, int addend_bytes);
  void (*store_sums)(Reach reach, int rows, int columns, const SumsOfBytes& sums, int64_t* c,
                     ptrdiff_t ldc);
};

}  // namespace xfblas

#endif
