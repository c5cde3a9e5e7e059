// Some columns of B, packed as the tiles take them, with what the choice of a path needs.
#ifndef XFBLAS_NATIVE_PANELS_HPP
#define XFBLAS_NATIVE_PANELS_HPP

#include <cstdint>
#include <vector>

#include "native/bounds.hpp"
#include "native/kernels.hpp"
#include "native/workspace.hpp"

namespace xfblas {

// B as it lies in memory: k rows of n elements of 1 or 2 bytes.
struct SourceOfB {
  const void* data;
  int64_t ldb;
  int element_bytes;
};

// What a thread reads after its products, which call it into the cache on the way.
class UpcomingBytes {
 public:
  UpcomingBytes() = default;
  UpcomingBytes(const void* first, size_t bytes)
      : next_(static_cast<const char*>(first)), end_(next_ + bytes) {}

  Lines take(int64_t lines) {
    if (next_ >= end_) return {next_, 0};
    const auto* first = next_;
    next_ += lines * line_bytes;
    return {first, line_bytes};
  }

 private:
  static constexpr ptrdiff_t line_bytes = 64;
  const char *next_ = nullptr, *end_ = nullptr;
};

struct Panel {
  int64_t column;  // the first, counted from those that were packed
  int columns, vectors;
  const void* packed;            // pairs of int16, or quads of int8
  const int32_t* column_offsets; // of quads: -128 * the columns' sums, or null
  const int8_t* high_bytes;      // quads for the estimated path, or null
  // For the estimated path, a row at each multiple of shortest_estimated: what (2) of bounds.hpp
  // adds for all of k before it, in units of 2^16, with 128 times the bytes taken off, since A's
  // come with 128 added.
  const int32_t* estimate_offsets;
  const ColumnBounds* bounds;    // null where nobody asked for them
  const int8_t* tiles = nullptr;  // for products on tiles, 16 columns after the other, or null
  int tile_planes = 0;
};

inline int64_t tiles_of(const Panel& panel) {
  return (panel.columns + tile_columns - 1) / tile_columns;
}

// For which kernels columns are packed. Tiles take any number of rows where there is nothing else.
enum class PackedFor { all, vectors, tiles };

class Panels {
 public:
  // Packs columns first .. first+columns-1. The bounds, and what paths of 48 bits need besides,
  // are made where `wide` asks for them (of int16 only).
  // Of runs shorter than k each is padded with zeros to whole groups of four rows, see Runs, or for
  // tiles to whole steps of them.
  void pack(const Kernels& kernels, const SourceOfB& b, int64_t k, int64_t first, int64_t columns,
            bool wide, PackedFor kinds = PackedFor::all, int64_t run = 0);

  // B's rows again, `ldb` elements apart.
  void unpack(void* rows, int64_t ldb) const;

  const std::vector<Panel>& panels() const { return panels_; }
  int64_t k() const { return k_; }  // with what pads runs
  // The elements of a run, without and with what pads it.
  int64_t run() const { return run_; }
  int64_t padded_run() const { return padded_run_; }
  bool is_wide() const { return is_wide_; }
  bool has_quads() const { return has_quads_; }
  bool has_tiles() const { return tiles_bytes_ > 0; }
  bool has_vectors() const { return has_vectors_; }
  // Whether the sums fit 32 bits whatever A holds, or where its elements are within these ends.
  bool proves_everything() const { return proves_everything_; }
  bool prove(ElementRange a) const;
  uint64_t bytes() const;
  // What tiles read of a panel first of all.
  UpcomingBytes bytes_of(const Panel& panel) const {
    return {panel.packed, size_t(k_ * panel.vectors * lanes_) * (has_quads_ ? 1 : 2)};
  }

 private:
  template <int depth, typename Packed, typename Element>
  void unpack_groups(Element* rows, int64_t ldb) const;
  template <typename Element>
  void unpack_tiles(Element* rows, int64_t ldb) const;
  void pack_int8(const Kernels& kernels, const SourceOfB& b, int64_t first);
  void pack_int16(const Kernels& kernels, const SourceOfB& b, int64_t first);
  void add_bounds(const Kernels& kernels);
  void add_estimates(const Kernels& kernels, const SourceOfB& b, int64_t first);
  void add_tiles(const TileKernels& kernels, const SourceOfB& b, int64_t first);

  int64_t k_ = 0, run_ = 0, padded_run_ = 0;
  int element_bytes_ = 0, lanes_ = 0;
  int64_t padded_columns_ = 0;
  bool has_quads_ = false, is_wide_ = false, has_vectors_ = false, proves_everything_ = false;
  std::vector<Panel> panels_;
  std::vector<ColumnBounds> bounds_;
  std::vector<int8_t> high_bytes_;
  std::vector<int32_t> column_offsets_, estimate_offsets_;
  Workspace packed_, tiles_;
  int64_t tiles_bytes_ = 0;  // 0 where nothing is packed for tiles
};

// To whole numbers of so many rows of B a run is padded.
constexpr int64_t run_unit(PackedFor kinds) { return kinds == PackedFor::tiles ? tile_depth : 4; }

// What a run that is shorter than k is packed as: in all of k where nothing pads it.
inline int64_t run_of_panels(int64_t k, int64_t run, PackedFor kinds) {
  return run == 0 || run == k || run % run_unit(kinds) == 0 ? k : run;
}

// Columns are dealt to panels as evenly as whole vectors allow.
int64_t panels_for(const Kernels& kernels, int64_t columns);

}  // namespace xfblas

#endif
