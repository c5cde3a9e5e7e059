// Checks an instruction before anything is read or written for it.
//
// The order of the checks is part of the contract: every target gives the same code.
#ifndef XFBLAS_VALIDATE_HPP
#define XFBLAS_VALIDATE_HPP

#include "shape.hpp"
#include "tile.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

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
  const uint64_t needed = uint64_t(pieces(across, strip)) * strip * k;
  return needed <= elements_from(page, element_bytes, memory_pages) ? status_ok
                                                                    : status_out_of_memory;
}

template <class E>
Status check_fields(const Instruction& i) {
#pragma HLS INLINE
  constexpr uint32_t known = flag_round | flag_saturate | flag_bias_row | flag_a_packed |
                             flag_b_packed | flag_activation_mask;
  const uint32_t function = activation(i.flags);
  const int32_t scale = prelu_scale(i.prelu);
  if ((i.flags & ~known) != 0) return status_bad_field;
  if (function > activation_sigmoid) return status_bad_field;
  if (prelu_alpha(i.prelu) > 31) return status_bad_field;
  if (E::Traits::is_float) {
    if (function != activation_prelu) return status_bad_field;
    if (E::has_activation && scale != 0 && scale != 1) return status_bad_field;
    if (i.post != pack_post(1, 0)) return status_bad_field;
  }
  if (function != activation_prelu) {
    constexpr uint32_t most = E::Traits::bits - 1;
    if (!E::has_activation) return status_bad_field;
    if ((i.formats & 0xffu) > most || (i.formats >> 8 & 0xffu) > most) return status_bad_field;
    if (i.formats >> 16 != 0) return status_bad_field;
  }
  return status_ok;
}

inline Status first_failure(Status first, Status second) {
#pragma HLS INLINE
  return first != status_ok ? first : second;
}

// Gemm and Fcn.
template <class E>
Status check_product(const Instruction& i, uint32_t memory_pages) {
  constexpr uint32_t element = sizeof(typename E::Element);
  constexpr uint32_t addend = sizeof(typename E::Addend);
  if (i.opcode != E::opcode) return status_unknown_opcode;
  if (i.m == 0 || i.k == 0 || i.n == 0) return status_zero_size;
  Status status = check_fields<E>(i);
  const Status a =
      (i.flags & flag_a_packed)
          ? check_packed(i.a, i.m, E::array_rows, i.k, element, memory_pages)
          : check_rows(i.a, i.m, i.k, i.lda, element, memory_pages);
  const Status b =
      (i.flags & flag_b_packed)
          ? check_packed(i.b, i.n, E::array_columns, i.k, element, memory_pages)
          : check_rows(i.b, i.k, i.n, i.ldb, element, memory_pages);
  status = first_failure(status, a);
  status = first_failure(status, b);
  status = first_failure(status, check_rows(i.c, i.m, i.n, i.ldc, element, memory_pages));
  if (i.x != 0) {
    const uint32_t rows = (i.flags & flag_bias_row) ? 1 : i.m;
    status = first_failure(status, check_rows(i.x, rows, i.n, i.ldx, addend, memory_pages));
  }
  return status;
}

// Gemv: words m and k are the rows and columns of A, b and c the pages of x and y.
template <class E>
Status check_gemv(const Instruction& i, uint32_t memory_pages) {
  constexpr uint32_t element = sizeof(typename E::Element);
  if (i.opcode != opcode_gemv) return status_unknown_opcode;
  if (i.m == 0 || i.k == 0) return status_zero_size;
  Status status = check_rows(i.a, i.m, i.k, i.lda, element, memory_pages);
  status = first_failure(status, check_rows(i.b, 1, i.k, i.k, element, memory_pages));
  return first_failure(status, check_rows(i.c, 1, i.m, i.m, element, memory_pages));
}

}  // namespace xfblas

#endif
