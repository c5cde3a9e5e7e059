// Softmax by tables in fixed point, to the last bit: the same for every target.
//
// A row has k = windows * classes elements. Its parameters lie in memory as 32-bit words: the exp
// table of 2^exp_bits entries, the inv table of 2^inv_table_bits, a multiplier for each class.
//
//   t_j = offset + sum over windows of element j + window * classes
//   x_j = rounded(t_j * multiplier_j, scale_shift)          the logit on the grid of the exp table
//
//   stable    u_j = max(x) - x_j                   e_j = exp[u_j]   s = sum e    y_j = e_j * inv[s]
//   latency   u_j = x_j + 2^(norm_bits-1)          likewise
//   legacy    u_ij = x_j - x_i + 2^(norm_bits-1)   s_i = sum over j of exp[u_ij]     y_i = inv[s_i]
//   argmax    y_j = 1 for the first largest x, 0 for the others
//
//   exp[u]   entry at the highest exp_bits of u, which is clamped to 0..2^norm_bits-1
//   s        sum of rounded(e, accum_shift), at most 2^accum_bits-1
//   inv[s]   entry at the highest bits of rounded(s, inv_shift), at most 2^inv_bits-1
//   C        rounded(y, result_shift), at most the largest element; argmax: 2^result_shift for 1
//
// rounded(v, places) rounds half up; places below 0 move up. What table entries and multipliers
// hold beyond entry_bits and multiplier_bits is ignored. Free of the standard library, because the
// kernels include it.
#ifndef XFBLAS_SOFTMAX_HPP
#define XFBLAS_SOFTMAX_HPP

#include <stdint.h>

#include "xfblas/instruction.hpp"

namespace xfblas {

enum SoftmaxKind : uint32_t {
  softmax_stable = 0,
  softmax_latency = 1,
  softmax_legacy = 2,
  softmax_argmax = 3,
};

constexpr uint32_t softmax_classes = 1024;   // of a row, which is kept on chip
constexpr uint32_t softmax_table_bits = 12;  // entries of a table: up to 2^12
constexpr uint32_t softmax_windows = 4096;
constexpr uint32_t softmax_entry_bits = 18;
constexpr uint32_t softmax_multiplier_bits = 17;  // what a DSP multiplies by in one step

struct SoftmaxFields {
  uint32_t kind;
  uint32_t exp_bits, inv_table_bits;        // log2 of the tables' entries
  uint32_t norm_bits, accum_bits, inv_bits;  // of what indexes exp, of the sum, of what indexes inv
  int32_t scale_shift, accum_shift, inv_shift, result_shift;
  int64_t offset;

  uint32_t exp_entries() const { return 1u << exp_bits; }
  uint32_t inv_entries() const { return 1u << inv_table_bits; }
};

constexpr int32_t signed_byte(uint32_t word, int place) {
  return int32_t(int8_t(uint8_t(word >> place & 0xffu)));
}

inline SoftmaxFields softmax_fields(const Instruction& i) {
#pragma HLS INLINE
  SoftmaxFields f;
  f.kind = i.post & 0xffu;
  f.exp_bits = i.post >> 8 & 0xffu;
  f.inv_table_bits = i.post >> 16 & 0xffu;
  f.scale_shift = signed_byte(i.post, 24);
  f.norm_bits = i.prelu & 0xffu;
  f.accum_shift = signed_byte(i.prelu, 8);
  f.accum_bits = i.prelu >> 16 & 0xffu;
  f.inv_shift = signed_byte(i.prelu, 24);
  f.inv_bits = i.formats & 0xffu;
  f.result_shift = signed_byte(i.formats, 8);
  f.offset = int32_t(i.ldx);
  return f;
}

// 32-bit words of the parameters.
inline uint32_t softmax_words(const Instruction& i) {
#pragma HLS INLINE
  const SoftmaxFields f = softmax_fields(i);
  return f.exp_entries() + f.inv_entries() + i.ldb;
}

inline int64_t softmax_rounded(int64_t value, int32_t places) {
#pragma HLS INLINE
  if (places <= 0) return int64_t(uint64_t(value) << -places);
  return (value + (int64_t(1) << (places - 1))) >> places;
}

inline int64_t softmax_clamped(int64_t value, uint32_t bits) {
#pragma HLS INLINE
  const int64_t most = (int64_t(1) << bits) - 1;
  return value < 0 ? 0 : value > most ? most : value;
}

inline uint32_t softmax_entry(uint32_t word) {
#pragma HLS INLINE
  return word & ((1u << softmax_entry_bits) - 1);
}

inline uint32_t softmax_multiplier(uint32_t word) {
#pragma HLS INLINE
  return word & ((1u << softmax_multiplier_bits) - 1);
}

inline int64_t softmax_logit(int64_t total, uint32_t multiplier, const SoftmaxFields& f) {
#pragma HLS INLINE
  return softmax_rounded(total * int64_t(multiplier), f.scale_shift);
}

// Where the exponential of a logit lies in its table; other: the row's largest, of legacy x_i.
inline uint32_t softmax_exp_index(int64_t x, int64_t other, const SoftmaxFields& f) {
#pragma HLS INLINE
  const int64_t middle = int64_t(1) << f.norm_bits >> 1;
  const int64_t u = f.kind == softmax_stable    ? other - x
                    : f.kind == softmax_latency ? x + middle
                                                : x - other + middle;
  return uint32_t(softmax_clamped(u, f.norm_bits) >> (f.norm_bits - f.exp_bits));
}

inline int64_t softmax_addend(uint32_t entry, const SoftmaxFields& f) {
#pragma HLS INLINE
  return softmax_rounded(entry, f.accum_shift);
}

inline uint32_t softmax_inv_index(int64_t sum, const SoftmaxFields& f) {
#pragma HLS INLINE
  const int64_t s = softmax_rounded(softmax_clamped(sum, f.accum_bits), f.inv_shift);
  return uint32_t(softmax_clamped(s, f.inv_bits) >> (f.inv_bits - f.inv_table_bits));
}

// bits: of an element.
template <int bits>
int32_t softmax_result(int64_t value, int32_t shift) {
#pragma HLS INLINE
  return int32_t(softmax_clamped(softmax_rounded(value, shift), bits - 1));
}

}  // namespace xfblas

#endif
