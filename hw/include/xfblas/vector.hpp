// A few lanes that travel together: a memory word, a column of A, a row of B, a row of sums.
#ifndef XFBLAS_VECTOR_HPP
#define XFBLAS_VECTOR_HPP

#include <stdint.h>

namespace xfblas {

template <class T, int count>
struct Vector {
  static constexpr int lanes = count;
  T lane[count];
};

// All lanes 0. Not Vector{}: the vendor's integers begin with no value at all.
template <class T, int count>
Vector<T, count> cleared() {
#pragma HLS INLINE
  Vector<T, count> vector;
lanes:
  for (int i = 0; i < count; ++i) {
#pragma HLS UNROLL
    vector.lane[i] = T(0);
  }
  return vector;
}

// Every lane to the place below it; the last one is cleared. Wires only.
template <class T, int count>
Vector<T, count> moved_down(const Vector<T, count>& from) {
#pragma HLS INLINE
  Vector<T, count> to;
move:
  for (int i = 0; i + 1 < count; ++i) {
#pragma HLS UNROLL
    to.lane[i] = from.lane[i + 1];
  }
  to.lane[count - 1] = T(0);
  return to;
}

// Lane i goes to lane (i + places) mod count, in log2(count) stages of two-way multiplexers: one
// multiplexer with count inputs for every lane would not meet the clock.
template <class T, int count>
Vector<T, count> rotated_up(Vector<T, count> from, int places) {
#pragma HLS INLINE
stages:
  for (int stage = 1; stage < count; stage *= 2) {
#pragma HLS UNROLL
    Vector<T, count> to = from;
    if (places & stage) {
    lanes:
      for (int i = 0; i < count; ++i) {
#pragma HLS UNROLL
        to.lane[(i + stage) % count] = from.lane[i];
      }
    }
    from = to;
  }
  return from;
}

// The word that begins `offset` lanes into `low` and goes on into `high`.
template <class T, int count>
Vector<T, count> joined(const Vector<T, count>& low, const Vector<T, count>& high, int offset) {
#pragma HLS INLINE
  // Each lane is of one of them wherever it goes, so that one rotation does.
  Vector<T, count> chosen;
lanes:
  for (int i = 0; i < count; ++i) {
#pragma HLS UNROLL
    chosen.lane[i] = i >= offset ? low.lane[i] : high.lane[i];
  }
  return rotated_up(chosen, (count - offset) % count);
}

}  // namespace xfblas

#endif
