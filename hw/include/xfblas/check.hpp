// Checks an instruction before anything is read or written for it: kernels and the native engine.
//
// The order of the checks is part of the contract: every target gives the same code.
// C++14 and free of the standard library, because the kernels include it.
#ifndef XFBLAS_CHECK_HPP
#define XFBLAS_CHECK_HPP

#include "xfblas/entry_table.hpp"
#include "xfblas/feature_map.hpp"
#include "xfblas/instruction.hpp"
#include "xfblas/softmax.hpp"

namespace xfblas {

// What an engine takes; constants of a kernel, values on the host.
struct Accepted {
  uint32_t opcode;
  uint32_t element_bytes, addend_bytes;
  uint32_t array_rows, array_columns;  // 0 where nobody knows how a packed operand lies
  bool is_float;
};

// Elements of the given size from a page to the end of the memory; 0 where it is no matrix page.
inline uint64_t elements_from(uint32_t page, uint32_t element_bytes, uint32_t memory_pages) {
#pragma HLS INLINE
  if (page < first_matrix_page || page >= memory_pages) return 0;
  return uint64_t(memory_pages - page) * (page_bytes / element_bytes);
}

// Nothing here can overflow: (2^32 - 1)^2 + 2^32 - 1 fits 64 bits.
inline Status check_rows(uint32_t page, uint32_t rows, uint32_t columns, uint32_t stride,
                         uint32_t element_bytes, uint32_t memory_pages) {
#pragma HLS INLINE
  if (stride < columns) return status_leading_dimension;
  const uint64_t needed = uint64_t(rows - 1) * stride + columns;
  return needed <= elements_from(page, element_bytes, memory_pages) ? status_ok
                                                                    : status_out_of_memory;
}

// A packed operand: `across` is rounded up to strips of the array, k is not.
inline Status check_packed(uint32_t page, uint32_t across, uint32_t strip, uint32_t k,
                           uint32_t element_bytes, uint32_t memory_pages) {
#pragma HLS INLINE
  const uint64_t strips = across / strip + (across % strip != 0);
  const uint64_t needed = strips * strip * k;
  return needed <= elements_from(page, element_bytes, memory_pages) ? status_ok
                                                                    : status_out_of_memory;
}

inline Status check_fields(const Instruction& i, const Accepted& engine) {
#pragma HLS INLINE
  constexpr uint32_t layouts = flag_a_packed | flag_b_packed;
  constexpr uint32_t known =
      flag_round | flag_saturate | flag_bias_row | flag_activation_mask | layouts;
  const bool has_activation = engine.opcode == opcode_fcn;
  const uint32_t function = activation(i.flags);
  const int32_t scale = prelu_scale(i.prelu);
  if ((i.flags & ~known) != 0) return status_bad_field;
  if ((i.flags & layouts) != 0 && engine.array_rows == 0) return status_bad_field;
  if (function > activation_table) return status_bad_field;
  if (function != activation_table && prelu_alpha(i.prelu) > 31) return status_bad_field;
  if (engine.is_float) {
    if (function != activation_prelu) return status_bad_field;
    if (has_activation && scale != 0 && scale != 1) return status_bad_field;
    if (i.post != pack_post(1, 0)) return status_bad_field;
  }
  if (function != activation_prelu && !has_activation) return status_bad_field;
  if (function == activation_table) {
    if (i.formats < fewest_groups || i.formats > most_groups) return status_bad_field;
  } else if (function != activation_prelu) {
    const uint32_t most = 8 * engine.element_bytes - 1;
    if ((i.formats & 0xffu) > most || (i.formats >> 8 & 0xffu) > most) return status_bad_field;
    if (i.formats >> 16 != 0) return status_bad_field;
  }
  return status_ok;
}

inline Status first_failure(Status first, Status second) {
#pragma HLS INLINE
  return first != status_ok ? first : second;
}

// Of Gemm and Fcn.
inline Status check_product(const Instruction& i, uint32_t memory_pages, const Accepted& engine) {
#pragma HLS INLINE
  const uint32_t element = engine.element_bytes;
  if (i.m == 0 || i.k == 0 || i.n == 0) return status_zero_size;
  // First, since operands of a layout that nobody knows cannot be checked.
  const Status fields = check_fields(i, engine);
  if (fields != status_ok) return fields;
  const Status a = (i.flags & flag_a_packed)
                       ? check_packed(i.a, i.m, engine.array_rows, i.k, element, memory_pages)
                       : check_rows(i.a, i.m, i.k, i.lda, element, memory_pages);
  const Status b = (i.flags & flag_b_packed)
                       ? check_packed(i.b, i.n, engine.array_columns, i.k, element, memory_pages)
                       : check_rows(i.b, i.k, i.n, i.ldb, element, memory_pages);
  Status status = first_failure(a, b);
  status = first_failure(status, check_rows(i.c, i.m, i.n, i.ldc, element, memory_pages));
  if (i.x != 0) {
    const uint32_t rows = (i.flags & flag_bias_row) ? 1 : i.m;
    status =
        first_failure(status, check_rows(i.x, rows, i.n, i.ldx, engine.addend_bytes, memory_pages));
  }
  if (activation(i.flags) == activation_table)
    status = first_failure(status, check_rows(i.prelu, 1, table_entries, table_entries, entry_bytes,
                                              memory_pages));
  return status;
}

// Of Gemv: words m and k are the rows and columns of A, b and c the pages of x and y.
inline Status check_vector_product(const Instruction& i, uint32_t memory_pages,
                                   uint32_t element_bytes) {
#pragma HLS INLINE
  if (i.m == 0 || i.k == 0) return status_zero_size;
  Status status = check_rows(i.a, i.m, i.k, i.lda, element_bytes, memory_pages);
  status = first_failure(status, check_rows(i.b, 1, i.k, i.k, element_bytes, memory_pages));
  return first_failure(status, check_rows(i.c, 1, i.m, i.m, element_bytes, memory_pages));
}

inline bool is_shift(int32_t places, int32_t least, int32_t most) {
  return places >= least && places <= most;
}

// Shifts are such that nothing leaves 64 bits.
inline Status check_softmax_fields(const Instruction& i) {
#pragma HLS INLINE
  constexpr int32_t up = -20, down = 47;
  const SoftmaxFields f = softmax_fields(i);
  if (i.x != 0 || i.flags != 0 || i.formats >> 16 != 0) return status_bad_field;
  if (f.kind > softmax_argmax) return status_bad_field;
  if (f.exp_bits > softmax_table_bits || f.inv_table_bits > softmax_table_bits)
    return status_bad_field;
  if (f.norm_bits > 24 || f.norm_bits < f.exp_bits) return status_bad_field;
  if (f.inv_bits > 24 || f.inv_bits < f.inv_table_bits) return status_bad_field;
  if (f.accum_bits > 32) return status_bad_field;
  if (!is_shift(f.scale_shift, 0, down) || !is_shift(f.accum_shift, up, down))
    return status_bad_field;
  if (!is_shift(f.inv_shift, up, down)) return status_bad_field;
  if (!is_shift(f.result_shift, f.kind == softmax_argmax ? 0 : up, down)) return status_bad_field;
  if (i.ldb > softmax_classes || i.k % i.ldb != 0 || i.k / i.ldb > softmax_windows)
    return status_bad_field;
  return i.n < i.ldb ? status_bad_field : status_ok;
}

inline Status check_softmax(const Instruction& i, uint32_t memory_pages, const Accepted& engine) {
#pragma HLS INLINE
  const uint32_t element = engine.element_bytes;
  if (i.m == 0 || i.k == 0 || i.n == 0 || i.ldb == 0) return status_zero_size;
  const Status fields = check_softmax_fields(i);
  if (fields != status_ok) return fields;
  const uint32_t words = softmax_words(i);
  Status status = check_rows(i.a, i.m, i.k, i.lda, element, memory_pages);
  status = first_failure(status, check_rows(i.b, 1, words, words, 4, memory_pages));
  return first_failure(status, check_rows(i.c, i.m, i.n, i.ldc, element, memory_pages));
}

inline bool is_map_unit(const Accepted& engine) {
#pragma HLS INLINE
  return engine.opcode == opcode_fcn && !engine.is_float;
}

// Of a Map instruction alone.
inline Status check_map(const Instruction& i, const Accepted& engine) {
#pragma HLS INLINE
  const FeatureMap map = feature_map(i);
  const uint32_t spare = i.post >> 16 | i.prelu | i.flags | i.formats;
  const int32_t end = 1 << (8 * engine.element_bytes - 1);
  const bool is_empty = map.height == 0 || map.width == 0 || map.channels == 0 || map.up_y == 0 ||
                        map.up_x == 0 || map.kernel_y == 0 || map.kernel_x == 0 ||
                        map.stride_y == 0 || map.stride_x == 0 || map.dilation_y == 0 ||
                        map.dilation_x == 0 || map.out_y == 0 || map.out_x == 0;
  if (is_empty) return status_zero_size;
  if (map.fill < -end || map.fill >= end) return status_bad_field;
  return spare != 0 || map.taps() > most_taps ? status_bad_field : status_ok;
}

// What Fcn and Window ask of their map: nothing overflows, since each factor has 16 bits.
inline Status check_places(const Instruction& i, const FeatureMap& map, uint32_t memory_pages,
                           uint32_t element) {
#pragma HLS INLINE
  const uint32_t frames = i.m / map.pixels();
  if (i.m % map.pixels() != 0 || frames > most_frames) return status_bad_field;
  if (i.lda > most_map_stride || i.ldc > most_map_stride) return status_bad_field;
  if (i.lda < map.channels || i.ldc < i.n) return status_leading_dimension;
  // Output pixels are apart from each other.
  const uint64_t row = uint64_t(map.out_x - 1) * i.ldc + i.n;
  const uint64_t frame = uint64_t(map.out_y - 1) * map.c_row + row;
  if (map.out_y > 1 && map.c_row < row) return status_leading_dimension;
  if (frames > 1 && map.c_frame < frame) return status_leading_dimension;
  const uint64_t a =
      pixel_of_a(map, i.lda, frames - 1, map.height - 1, map.width - 1) + map.channels;
  const uint64_t c = map.c_first + uint64_t(frames - 1) * map.c_frame + frame;
  if (a > elements_from(i.a, element, memory_pages)) return status_out_of_memory;
  return c > elements_from(i.c, element, memory_pages) ? status_out_of_memory : status_ok;
}

// Of Fcn after a Map: a convolution. X is a row, or one for each pixel of a frame.
inline Status check_convolution(const Instruction& i, const FeatureMap& map, uint32_t memory_pages,
                                const Accepted& engine) {
#pragma HLS INLINE
  if (i.m == 0 || i.k == 0 || i.n == 0) return status_zero_size;
  const Status fields = check_fields(i, engine);
  if (fields != status_ok) return fields;
  if ((i.flags & flag_a_packed) != 0) return status_bad_field;
  if (i.k != uint64_t(map.taps()) * map.channels) return status_bad_field;
  Status status = check_places(i, map, memory_pages, engine.element_bytes);
  const Status b = (i.flags & flag_b_packed)
                       ? check_packed(i.b, i.n, engine.array_columns, i.k, engine.element_bytes,
                                      memory_pages)
                       : check_rows(i.b, i.k, i.n, i.ldb, engine.element_bytes, memory_pages);
  status = first_failure(status, b);
  if (i.x != 0) {
    const uint32_t rows = (i.flags & flag_bias_row) ? 1 : map.pixels();
    status =
        first_failure(status, check_rows(i.x, rows, i.n, i.ldx, engine.addend_bytes, memory_pages));
  }
  if (activation(i.flags) == activation_table)
    status = first_failure(status, check_rows(i.prelu, 1, table_entries, table_entries, entry_bytes,
                                              memory_pages));
  return status;
}

// Of Window after a Map. Pooling looks at pixels of the map alone and has no words but those of its
// places; a depthwise convolution has those of Fcn, with a row of B for each tap and a row of X.
inline Status check_window(const Instruction& i, const FeatureMap& map, uint32_t memory_pages,
                           const Accepted& engine) {
#pragma HLS INLINE
  if (i.m == 0 || i.n == 0) return status_zero_size;
  if (i.k > window_depthwise || i.n != map.channels) return status_bad_field;
  if (i.k != window_depthwise) {
    const uint32_t spare = i.b | i.x | i.ldb | i.ldx | i.post | i.prelu | i.flags | i.formats;
    if (spare != 0) return status_bad_field;
    return check_places(i, map, memory_pages, engine.element_bytes);
  }
  const Status fields = check_fields(i, engine);
  if (fields != status_ok) return fields;
  if ((i.flags & (flag_a_packed | flag_b_packed)) != 0 || (i.flags & flag_bias_row) == 0)
    return status_bad_field;
  Status status = check_places(i, map, memory_pages, engine.element_bytes);
  status = first_failure(status, check_rows(i.b, map.taps(), i.n, i.ldb, engine.element_bytes,
                                            memory_pages));
  if (i.x != 0)
    status = first_failure(status,
                           check_rows(i.x, 1, i.n, i.ldx, engine.addend_bytes, memory_pages));
  if (activation(i.flags) == activation_table)
    status = first_failure(status, check_rows(i.prelu, 1, table_entries, table_entries, entry_bytes,
                                              memory_pages));
  return status;
}

// `map`: the Map instruction right before, which was found right, or one of opcode 0; a Map that
// was refused is given as it is, and what follows it is refused too.
inline Status check(const Instruction& i, const Instruction& map, uint32_t memory_pages,
                    const Accepted& engine) {
#pragma HLS INLINE
  if (i.opcode == opcode_map && is_map_unit(engine)) return check_map(i, engine);
  const bool walks = map.opcode == opcode_map;
  if (walks && (!is_map_unit(engine) || check_map(map, engine) != status_ok))
    return status_bad_field;
  if (i.opcode == opcode_window && is_map_unit(engine))
    return walks ? check_window(i, feature_map(map), memory_pages, engine) : status_bad_field;
  if (i.opcode == opcode_softmax && is_map_unit(engine))
    return walks ? status_bad_field : check_softmax(i, memory_pages, engine);
  if (i.opcode != engine.opcode) return status_unknown_opcode;
  if (engine.opcode == opcode_gemv)
    return check_vector_product(i, memory_pages, engine.element_bytes);
  return walks ? check_convolution(i, feature_map(map), memory_pages, engine)
               : check_product(i, memory_pages, engine);
}

}  // namespace xfblas

#endif
