// The functions that exist once for every instruction set, as a table chosen at run time.
//
// pack -> tile -> finish: B is packed into panels of a few vectors of columns, a tile of sums is
// computed in registers, and its sums become elements of C.
#ifndef XFBLAS_NATIVE_KERNELS_HPP
#define XFBLAS_NATIVE_KERNELS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "native/requantization.hpp"
#include "native/tile_kernels.hpp"
#include "prediction/prediction.hpp"
#include "xfblas/stream_job.hpp"

namespace xfblas {

// A tile's sums. Rows are a whole panel (Kernels::width) apart.
struct SumsOfTile {
  const int32_t* low;
  const int32_t* high;            // Reach::wide only, see simd/wide_sums.hpp
  const int32_t* column_offsets;  // added to each row of int8 sums, or null
};

// What each column of a panel adds up to over at most 64 of k. Its elements are b = 256 bh + bl as
// in bounds.hpp.
struct ColumnNorms {
  static constexpr int64_t most_steps = 64;
  static constexpr int most_columns = 64;
  uint64_t squares[most_columns];
  int32_t magnitudes[most_columns], sums[most_columns];
  int32_t low_squares[most_columns], low_magnitudes[most_columns], high_magnitudes[most_columns];
};

// One line of memory after the other, or the same again where there are none.
struct Lines {
  const char* first;
  ptrdiff_t stride;
};

// A float layer of a streaming network. weights: for each input, filled up with zeros to whole
// `fold`s, a row of `outputs` filled up with zeros to whole `padded_outputs`, like the biases.
struct FloatStreamLayer {
  static constexpr int padding = 16;
  int64_t inputs, outputs, fold, padded_inputs, padded_outputs;
  StreamFunction function;
  const float *weights, *biases;
};

// Where a row of A has the elements that B has one after the other: `count` runs of `steps` groups of
// four bytes, `stride` bytes apart.
struct Runs {
  ptrdiff_t stride;
  int64_t count, steps;

  int64_t all_steps() const { return count * steps; }
};

// Where a tile of bytes goes whose sums are clamped only, see Requantization::only_clamps: to the
// upper half of sum * scale + half in 64 bits. The columns are all of a panel.
struct ClampedTile {
  const int32_t* starts;  // what the columns' sums begin with
  int32_t scale;
  int64_t half;
  int8_t* c;
  ptrdiff_t ldc;
};

struct Kernels {
  const char* name;
  int lanes;         // columns in a vector
  int most_vectors;  // in a panel
  int (*rows_of_tile)(int vectors);
  bool has_quads;  // products of bytes
  const TileKernels* tiles;  // null where there are none

  int width() const { return lanes * most_vectors; }

  // Sums of a tile over runs of k; rows of A are a_stride bytes apart.
  // Each step calls one of the lines that are read soon into the second-level cache.
  void (*pairs)(int rows, int vectors, const void* a, ptrdiff_t a_stride,
                const Runs& runs, const void* b, bool accumulate, Lines soon, int32_t* sums);
  void (*quads)(int rows, int vectors, const void* a, ptrdiff_t a_stride,
                const Runs& runs, const void* b, bool accumulate, Lines soon, int32_t* sums);

  // Quads whose sums become elements at once, in panels of most_vectors; null where there are none.
  void (*clamped_quads)(int rows, const void* a, ptrdiff_t a_stride, const Runs& runs,
                        const void* b, Lines soon, const ClampedTile& to);

  // Panels: k rows of `columns` elements of B. Sums, of the bytes or of the elements, have a row of
  // `width` for each `block` of k. High bytes are those of bounds.hpp.
  void (*pack_pairs16)(const int16_t* b, int64_t ldb, int64_t k, int columns, int16_t* to);
  void (*pack_pairs8)(const int8_t* b, int64_t ldb, int64_t k, int columns, int16_t* to);
  void (*pack_quads8)(const int8_t* b, int64_t ldb, int64_t k, int columns, int64_t block,
                      int8_t* to, int32_t* column_sums);
  void (*pack_high_quads)(const int16_t* b, int64_t ldb, int64_t k, int columns, int64_t block,
                          int8_t* to, int32_t* high_sums, int32_t* sums);
  void (*column_norms)(const int16_t* panel, int64_t k, int vectors, ColumnNorms& norms);

  // Rows of A.
  // The sum of squares of each `block` of a row.
  void (*row_squares)(const int16_t* row, int64_t k, int64_t block, uint64_t* squares);
  // The largest sum of squares of any row.
  uint64_t (*largest_squares)(const int16_t* a, int64_t lda, int64_t rows, int64_t k);
  void (*range_of_rows)(const int16_t* a, int64_t lda, int64_t rows, int64_t k, int32_t* lowest,
                        int32_t* highest);
  void (*widen_row)(const int8_t* row, int64_t count, int16_t* to);
  void (*offset_row)(const int8_t* row, int64_t count, uint8_t* to);
  // Rounded to the nearest as words, rounded down with 128 added as bytes.
  void (*high_words)(const int16_t* row, int64_t count, int16_t* to);
  void (*high_bytes)(const int16_t* row, int64_t count, uint8_t* to);
  uint32_t (*dot16)(const int16_t* a, const int16_t* b, int64_t count);
  uint32_t (*dot8)(const int8_t* a, const int8_t* b, int64_t count);

  // Tiles of sums of which a block more of k was added to `low`, see simd/wide_sums.hpp.
  void (*refine_spilled)(int rows, int vectors, const int32_t* low, int32_t* high, bool is_first);
  void (*refine_split)(int rows, int vectors, const int32_t* low, const int32_t* products,
                       int32_t* high, bool is_first);
  // `high` has the product of high bytes added; offsets before and behind the block, see Panel.
  void (*refine_estimated)(int rows, int vectors, const int32_t* low, const int32_t* before,
                           const int32_t* behind, int32_t* high);

  // A tile whose rows are sums of `count` rows each, which begin at begins[i] + offsets[i]; the
  // offsets of the next row follow.
  void (*add_sums)(int rows, int vectors, const int32_t* const* begins, const int32_t* offsets,
                   int count, int32_t* sums);
  // Such rows as elements at once, in panels of most_vectors; null where clamped_quads is.
  void (*clamped_sums)(int rows, const int32_t* const* begins, const int32_t* offsets, int count,
                       const ClampedTile& to);

  // Steps of Winograd's convolutions, see winograd.hpp; positions are so many elements apart.
  // 6 x 6 pixels, of whole vectors of int16, to their positions.
  void (*winograd_pixels)(const int8_t* const* pixels, int64_t channels, int16_t* to,
                          ptrdiff_t position);
  // A panel of nine taps of int8, as quads or pairs, to pairs at a row of six positions.
  void (*winograd_weights)(const void* panel, int row, int64_t channels, int vectors, int16_t* to,
                           ptrdiff_t position);
  // From tiles of one row to the sums of 4 x 4 pixels, a panel's `width` apart, and their lines.
  void (*winograd_sums)(const int32_t* sums, ptrdiff_t position, int vectors, int32_t* to,
                        ptrdiff_t line);

  // By the bytes of an element, and whether X has C's type (Gemm) or 32 bits.
  using Finish = void (*)(const Requantization&, int rows, int columns, const SumsOfTile&,
                          const void* x, ptrdiff_t ldx, void* c, ptrdiff_t ldc);
  Finish (*finish)(Reach reach, int element_bytes, int addend_bytes);
  // The sums themselves, `ldc` apart from row to row.
  void (*store_sums)(Reach reach, int rows, int columns, const SumsOfTile& sums, int64_t* c,
                     ptrdiff_t ldc);

  // The function of r, which is not PReLU, of elements of C in their place.
  void (*apply16)(const Requantization& r, int rows, int columns, void* c, ptrdiff_t ldc);
  void (*apply8)(const Requantization& r, int rows, int columns, void* c, ptrdiff_t ldc);

  // A row of floats into its features' high digits, and into the low ones where `low` is not null.
  // Returns whether the row is worth a look: false where all values are finite and within limits.
  // With a NearCoding high digits alone are faster; it may be null.
  bool (*encode16)(const float* from, const InputCoding&, const NearCoding*, int16_t* high,
                   int16_t* low);
  bool (*encode8)(const float* from, const InputCoding&, const NearCoding*, int8_t* high,
                  int8_t* low);

  // Rows of C, `stride` elements apart, into rows of the output. `space`: room for decode_space
  // floats.
  void (*decode16)(const int16_t* from, int64_t stride, int64_t rows, const OutputCoding&,
                   float* space, float* to);
  void (*decode8)(const int8_t* from, int64_t stride, int64_t rows, const OutputCoding&,
                  float* space, float* to);
  void (*softmax)(float* row, int64_t count);

  // Rows through a float layer of a streaming network; see simd/stream_layer.hpp.
  void (*stream_layer)(const FloatStreamLayer& layer, const float* x, int64_t rows, float* sums,
                       float* activations);
  // Channels of one output pixel from those of `count` pixels of a map, at least 1 for pooling.
  using Pool = void (*)(const void* const* taps, int64_t count, int64_t channels, void* to);
  Pool largest16, largest8, average16, average8;
  // Sums of taps times rows of B, modulo 2^32, or of int16 as two tiles of refine_spilled's form.
  using Depthwise = void (*)(const void* const* taps, int64_t count, const void* b, int64_t ldb,
                             int64_t columns, int32_t* sums);
  Depthwise depthwise16, depthwise8;
  void (*depthwise_wide)(const void* const* taps, int64_t count, const void* b, int64_t ldb,
                         int64_t columns, int32_t* low, int32_t* high);

  size_t decode_space(const OutputCoding& coding) const {
    return 2 * size_t(lanes) * (size_t(coding.columns) + size_t(lanes));
  }
};

// What this CPU runs best, or what XFBLAS_ISA names: avx512_vnni, avx512, avx2 or portable.
// Throws where that name is unknown or this CPU cannot run it.
const Kernels& kernels();

// All that this CPU runs, the fastest first; the last is for tests.
std::vector<const Kernels*> kernels_of_this_cpu();

// Why AMX is not one of them; empty where it is.
const std::string& why_without_amx();

}  // namespace xfblas

#endif
