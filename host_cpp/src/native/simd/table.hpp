// Gathers the functions of one translation unit, which has one instruction set, into a table.
#include "native/simd/tile.hpp"
#include "native/simd/pack.hpp"
#include "native/simd/norms.hpp"
#include "native/simd/wide_sums.hpp"
#include "native/simd/whole_sums.hpp"
#include "native/simd/finish.hpp"
#include "native/simd/functions.hpp"
#include "native/simd/encode.hpp"
#include "native/simd/decode.hpp"
#include "native/simd/stream_layer.hpp"
#include "native/simd/windows.hpp"
#include "native/simd/winograd.hpp"
#ifdef XFBLAS_TILES
#include "native/simd/tile_products.hpp"
#endif

namespace xfblas {
namespace {

constexpr Kernels table_of(const char* name, bool has_quads) {
  Kernels k{};
  k.name = name;
  k.lanes = lanes, k.most_vectors = most_vectors;
  k.rows_of_tile = [](int vectors) { return rows_of_tile(vectors); };
  k.has_quads = has_quads;
  k.pairs = run_tile<Group::pairs>, k.quads = run_tile<Group::quads>;
#ifdef XFBLAS_VNNI
  k.clamped_quads = run_clamped_tile;
  k.clamped_sums = xfblas::clamped_sums;
#endif
  k.pack_pairs16 = pack_pairs<int16_t>, k.pack_pairs8 = pack_pairs<int8_t>;
  k.pack_quads8 = xfblas::pack_quads8, k.pack_high_quads = xfblas::pack_high_quads;
  k.column_norms = column_norms, k.row_squares = row_squares;
  k.largest_squares = largest_squares;
  k.range_of_rows = range_of_rows;
  k.widen_row = widen_row, k.offset_row = offset_row;
  k.high_words = high_words, k.high_bytes = high_bytes;
  k.dot16 = dot_row<int16_t>, k.dot8 = dot_row<int8_t>;
  k.refine_spilled = refine_spilled, k.refine_split = refine_split;
  k.refine_estimated = refine_estimated;
  k.add_sums = xfblas::add_sums;
  k.winograd_pixels = xfblas::winograd_pixels, k.winograd_weights = xfblas::winograd_weights;
  k.winograd_sums = xfblas::winograd_sums;
  k.finish = finish_of<SumsOfTile>;
  k.store_sums = store_sums;
  k.apply16 = apply_function<int16_t>, k.apply8 = apply_function<int8_t>;
  k.encode16 = encode<int16_t>, k.encode8 = encode<int8_t>;
  k.decode16 = decode<int16_t>, k.decode8 = decode<int8_t>;
  k.softmax = softmax;
  k.stream_layer = xfblas::stream_layer;
  k.largest16 = largest_of_taps<int16_t>, k.largest8 = largest_of_taps<int8_t>;
  k.average16 = average_of_taps<int16_t>, k.average8 = average_of_taps<int8_t>;
  k.depthwise16 = depthwise_sums<int16_t>, k.depthwise8 = depthwise_sums<int8_t>;
  k.depthwise_wide = depthwise_wide_sums;
#ifdef XFBLAS_TILES
  k.tiles = &tile_kernels;
#endif
  return k;
}

}  // namespace
}  // namespace xfblas
