// The packed layout: an operand as the array takes it, tile after tile.
//
// Take B as it is, k rows of n elements, and A turned by 90 degrees, k rows of m elements: then
// both look alike, k rows of `across` elements. They are cut into tiles of `tile` elements across
// (tile_columns of the image for B, tile_rows for A), of which the last may be narrower; its width
// is rounded up to whole strips of `strip` elements (array_columns for B, array_rows for A). A
// tile holds its k rows one after the other, each of its own width, and the tiles follow each
// other without gaps:
//
//   packed[tile * t * k + i * width(t) + j] = operand[i][tile * t + j]
//   width(t) = min(tile, round_up(across - tile * t, strip))
//
// i counts k, j the elements of a tile's row. The padding behind `across` may hold anything; it
// is multiplied, but never reaches C. So an operand takes round_up(across, strip) * k elements,
// its leading dimension does not matter, and every tile is one burst of memory words.
//
// Plain C++14, for hosts as well as for kernels.
#ifndef XFBLAS_PACKED_HPP
#define XFBLAS_PACKED_HPP

#include <stdint.h>

namespace xfblas {

struct PackedLayout {
  uint32_t tile, strip;

  constexpr uint64_t padded(uint64_t across) const { return (across + strip - 1) / strip * strip; }
  constexpr uint64_t elements(uint64_t k, uint64_t across) const { return padded(across) * k; }
  // Of the tile that begins at `first`.
  constexpr uint64_t width(uint64_t across, uint64_t first) const {
    return padded(across - first) < tile ? padded(across - first) : tile;
  }
  // Where element (i, j) of the operand goes; i counts k.
  constexpr uint64_t place(uint64_t k, uint64_t across, uint64_t i, uint64_t j) const {
    return j / tile * tile * k + i * width(across, j / tile * tile) + j % tile;
  }
};

// Packs k rows of `across` elements; element (i, j) is at from[i * k_stride + j * across_stride],
// so B has strides (ldb, 1) and A has (1, lda). `to` holds layout.elements(k, across) elements.
template <class Element>
void pack(const PackedLayout& layout, uint64_t k, uint64_t across, const Element* from,
          uint64_t k_stride, uint64_t across_stride, Element* to) {
  for (uint64_t first = 0; first < across; first += layout.tile) {
    const uint64_t width = layout.width(across, first);
    for (uint64_t i = 0; i < k; ++i) {
      for (uint64_t j = first; j < first + width; ++j)
        *to++ = j < across ? from[i * k_stride + j * across_stride] : Element(0);
    }
  }
}

}  // namespace xfblas

#endif
