// Vectors of X in the order of the sums. A bias row comes once for each tile.
#ifndef XFBLAS_READ_ADDEND_HPP
#define XFBLAS_READ_ADDEND_HPP

#include "task.hpp"
#include "unpack.hpp"

namespace xfblas {

// An addend may be wider than an element; its low lanes come first.
template <class E, int count>
Vector<typename E::Addend, count / E::addend_lanes> addends_of(
    const Vector<typename E::Element, count>& lanes) {
#pragma HLS INLINE
  using AddendBits = Bits<typename E::Addend>;
  Vector<typename E::Addend, count / E::addend_lanes> addends;
addends:
  for (int i = 0; i < count / E::addend_lanes; ++i) {
#pragma HLS UNROLL
    typename AddendBits::type bits = 0;
  lanes:
    for (int part = 0; part < E::addend_lanes; ++part) {
#pragma HLS UNROLL
      const typename AddendBits::type low =
          Bits<typename E::Element>::of(lanes.lane[i * E::addend_lanes + part]);
      bits |= typename AddendBits::type(low << (part * E::Traits::bits));
    }
    addends.lane[i] = AddendBits::back(bits);
  }
  return addends;
}

template <class E>
void read_addend(Task task, stream<typename E::Word>& words, stream<typename E::XVector>& out) {
  if (!task.has_x) return;
  Tile tile = tile_at<E>(task.problem, 0, 0);
  using XUnpacker = Unpacker<E, E::array_columns * E::addend_lanes>;
  XUnpacker unpacker;
tiles:
  for (uint32_t i = 0; i < task.problem.tiles; ++i) {
    const uint16_t rows = task.bias_row ? 1 : tile.rows;
    uint16_t row = 0;
    uint8_t column_strip = 0;
  vectors:
    while (row < rows) {
#pragma HLS PIPELINE II=XUnpacker::words_of_a_vector
      if (column_strip == 0) unpacker.begin(uint64_t(tile.columns) * E::addend_lanes);
      out.write(addends_of<E>(unpacker.next(words)));
      if (++column_strip == tile.column_strips) {
        column_strip = 0;
        ++row;
      }
    }
    tile = tile_after<E>(task.problem, tile);
  }
}

}  // namespace xfblas

#endif
