// Some rows of A in the forms that the tiles read them in.
#ifndef XFBLAS_NATIVE_ROW_BLOCK_HPP
#define XFBLAS_NATIVE_ROW_BLOCK_HPP

#include <algorithm>
#include <cstdint>

#include "memory/memory.hpp"
#include "native/bounds.hpp"
#include "native/kernels.hpp"
#include "native/workspace.hpp"

namespace xfblas {

// A as it lies in memory, rows of 1- or 2-byte elements.
struct SourceOfA {
  const void* data;
  int64_t lda;
  int element_bytes;
};

// From one row of these bytes to the next: whole lines and one more, because rows a power of two
// apart would share the same sets of the cache.
constexpr int64_t padded_stride(int64_t bytes) { return rounded_up(bytes, 64) + 64; }

// Rows that a tile steps through four bytes of k at a time. They may lie in lines, and each may be
// several runs.
struct TileRows {
  const char* data;
  ptrdiff_t stride;  // bytes
  int element_bytes;
  ptrdiff_t line = 0, run_stride = 0;  // bytes
  int64_t run = 0, padded_run = 0;     // elements of a run, and what B has of it; 0: all in one

  // Elements p .. p+count-1 of B's k in pieces: body(the first, runs, its place in the first row),
  // where the steps of `runs` are elements.
  template <typename Body>
  void for_each_part(int64_t p, int64_t count, const Body& body) const {
    if (run == 0) return body(p, Runs{0, 1, count}, data + p * element_bytes);
    while (count > 0) {
      const auto first = p / padded_run, begin = p % padded_run;
      const auto whole = begin == 0 ? count / padded_run : 0;
      const auto taken = whole > 0 ? padded_run : std::min(padded_run - begin, count);
      const auto runs = std::max<int64_t>(whole, 1);
      body(p, Runs{run_stride, runs, taken}, data + first * run_stride + begin * element_bytes);
      p += runs * taken, count -= runs * taken;
    }
  }
};

// Rows as planes of bytes for tiles, see tile_kernels.hpp; of whole steps of k, and of whole tiles,
// though what is in rows that are not there, and behind a run, is anything.
struct RowPlanes {
  TileRows rows;    // of the first plane
  ptrdiff_t plane;  // from one to the next
  int count;
  ElementRange range;  // of int16
};

class RowBlock {
 public:
  // As planes only.
  RowPlanes take_planes(const Kernels& kernels, const SourceOfA& a, int64_t first, int64_t rows,
                        int64_t k);
  // The same of int16 that lie nowhere: every row is split while it is in the first-level cache.
  void begin_planes(const Kernels& kernels, int64_t rows, int64_t k);
  void split(const int16_t* row, int64_t i);
  RowPlanes planes() const;

  // Takes rows first .. first+rows-1; `passes`: how many panels will read them.
  void take(const Kernels& kernels, const SourceOfA& a, int64_t first, int64_t rows, int64_t k,
            bool as_quads, int64_t passes);

  int64_t lines() const { return 1; }
  int64_t rows() const { return rows_; }
  const TileRows& elements() const { return elements_; }

  // Computed when they are first asked for; of int16 only.
  const ElementRange& range();
  double largest_norm();
  const RowBounds& bounds();
  const TileRows& high_words();
  const TileRows& high_bytes();

 private:
  template <typename To, typename From>
  void convert(Workspace& workspace, TileRows& rows, void (*row)(const From*, int64_t, To*));

  const Kernels* kernels_ = nullptr;
  SourceOfA source_{};
  int64_t rows_ = 0, k_ = 0;
  ptrdiff_t plane_ = 0;
  TileRows elements_{}, high_words_{}, high_bytes_{};
  bool has_range_ = false, has_norm_ = false, has_bounds_ = false;
  ElementRange range_{};
  double largest_norm_ = 0;
  RowBounds bounds_;
  Workspace element_space_, high_space_;
};

}  // namespace xfblas

#endif
