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
};

class Panels {
 public:
  // Packs columns first .. first+columns-1. The bounds, and what paths of 48 bits need besides,
  // are made where `wide` asks for them (of int16 only).
  // Of runs shorter than k each is padded with zeros to whole groups of four rows, see Runs.
  void pack(const Kernels& kernels, const SourceOfB& b, int64_t k, int64_t first, int64_t columns,
            bool wide, int64_t run = 0);

  // B's rows again, `ldb` elements apart.
  void unpack(void* rows, int64_t ldb) const;

  const std::vector<Panel>& panels() const { return panels_; }
  int64_t k() const { return k_; }  // with what pads runs
  // The elements of a run, without and with what pads it.
  int64_t run() const { return run_; }
  int64_t padded_run() const { return padded_run_; }
  bool is_wide() const { return is_wide_; }
  bool has_quads() const { return has_quads_; }
  // Whether the sums fit 32 bits whatever A holds, or where its elements are within these ends.
  bool proves_everything() const { return proves_everything_; }
  bool prove(ElementRange a) const;
  uint64_t bytes() const;

 private:
  template <int depth, typename Packed, typename Element>
  void unpack_groups(Element* rows, int64_t ldb) const;
  void pack_int8(const Kernels& kernels, const SourceOfB& b, int64_t first);
  void pack_int16(const Kernels& kernels, const SourceOfB& b, int64_t first);
  void add_bounds(const Kernels& kernels);
  void add_estimates(const Kernels& kernels, const SourceOfB& b, int64_t first);

  int64_t k_ = 0, run_ = 0, padded_run_ = 0;
  int element_bytes_ = 0, lanes_ = 0;
  int64_t padded_columns_ = 0;
  bool has_quads_ = false, is_wide_ = false, proves_everything_ = false;
  std::vector<Panel> panels_;
  std::vector<ColumnBounds> bounds_;
  std::vector<int8_t> high_bytes_;
  std::vector<int32_t> column_offsets_, estimate_offsets_;
  Workspace packed_;
};

// What a run that is shorter than k is packed as: in all of k where nothing pads it.
inline int64_t run_of_panels(int64_t k, int64_t run) { return run == 0 || run % 4 == 0 ? k : run; }

// Columns are dealt to panels as evenly as whole vectors allow.
int64_t panels_for(const Kernels& kernels, int64_t columns);

}  // namespace xfblas

#endif
