// From a sum to an element of C: the formulas of docs/instructions.md, for one lane.
#ifndef XFBLAS_EPILOGUE_HPP
#define XFBLAS_EPILOGUE_HPP

#include "integer_epilogue.hpp"
#include "lane_tables.hpp"

namespace xfblas {

template <class E, bool is_float>
struct LaneEpilogue {
  template <class Accumulator>
  static typename E::Element finish(Accumulator sum, typename E::Addend addend,
                                    const Epilogue& e, const TableOfLane<E>& entries) {
#pragma HLS INLINE
    using Integer = IntegerEpilogue<typename E::Traits>;
    const int32_t c = Integer::narrow(Integer::add(int64_t(sum), addend), e);
    return typename E::Element(E::has_activation ? Integer::activate(c, e, entries) : c);
  }
};

// The float engine scales nothing; its PReLU is ReLU (scale 0) or the identity.
template <class E>
struct LaneEpilogue<E, true> {
  static float finish(float sum, float addend, const Epilogue& e, const TableOfLane<E>&) {
#pragma HLS INLINE
    const float c = sum + addend;
    return E::has_activation && e.prelu_scale == 0 && c < 0 ? 0.0f : c;
  }
};

}  // namespace xfblas

#endif
