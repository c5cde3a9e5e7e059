#include "native/panels.hpp"

#include <algorithm>
#include <cstring>

#include "memory/memory.hpp"

namespace xfblas {
namespace {

// Columns of B with rows of zeros behind each run.
std::vector<char> padded_runs(const SourceOfB& b, int64_t k, int64_t first, int64_t columns,
                              int64_t run, int64_t padded_run) {
  const auto row = columns * b.element_bytes;
  std::vector<char> rows(size_t(k / run * padded_run * row));
  const auto* from = static_cast<const char*>(b.data) + first * b.element_bytes;
  for (int64_t p = 0; p < k; ++p)
    std::memcpy(rows.data() + (p / run * padded_run + p % run) * row,
                from + p * b.ldb * b.element_bytes, size_t(row));
  return rows;
}

}  // namespace

int64_t panels_for(const Kernels& kernels, int64_t columns) {
  const int64_t vectors = (columns + kernels.lanes - 1) / kernels.lanes;
  return (vectors + kernels.most_vectors - 1) / kernels.most_vectors;
}

void Panels::pack(const Kernels& kernels, const SourceOfB& b, int64_t k, int64_t first,
                  int64_t columns, bool wide, PackedFor kinds, int64_t run) {
  if (run_of_panels(k, run, kinds) != k) {
    const auto padded = rounded_up(run, run_unit(kinds));
    const auto rows = padded_runs(b, k, first, columns, run, padded);
    pack(kernels, {rows.data(), columns, b.element_bytes}, k / run * padded, 0, columns, wide,
         kinds);
    run_ = run, padded_run_ = padded;
    return;
  }
  k_ = run_ = padded_run_ = k, element_bytes_ = b.element_bytes;
  lanes_ = kernels.lanes;
  is_wide_ = wide && b.element_bytes == 2;
  has_quads_ = b.element_bytes == 1 && kernels.has_quads;
  proves_everything_ = false;
  panels_.clear(), bounds_.clear(), high_bytes_.clear(), column_offsets_.clear(),
      estimate_offsets_.clear();

  int64_t vectors = (columns + kernels.lanes - 1) / kernels.lanes;
  padded_columns_ = vectors * kernels.lanes;
  int64_t column = 0;
  for (int64_t left = panels_for(kernels, columns); left > 0; --left) {
    const auto taken = (vectors + left - 1) / left;
    const auto wanted = std::min(taken * kernels.lanes, columns - column);
    Panel panel{};
    panel.column = column, panel.columns = int(wanted), panel.vectors = int(taken);
    panels_.push_back(panel);
    column += wanted;
    vectors -= taken;
  }
  tiles_bytes_ = 0;
  has_vectors_ = kinds != PackedFor::tiles || !kernels.tiles;
  if (kernels.tiles && kinds != PackedFor::vectors) add_tiles(*kernels.tiles, b, first);
  if (!has_vectors_) return;
  if (b.element_bytes == 1) pack_int8(kernels, b, first);
  else pack_int16(kernels, b, first);
}

namespace {

// What is known of a panel's columns without norms: whether a byte is enough for each element, and
// what they add up to.
ColumnBounds sums_of_columns(const int16_t* b, int64_t ldb, int64_t k, int columns,
                             bool& fits_byte) {
  ColumnBounds found;
  for (int j = 0; j < columns; ++j) {
    int64_t positive = 0, negative = 0;
    for (int64_t p = 0; p < k; ++p) {
      const int element = b[p * ldb + j];
      fits_byte = fits_byte && element == int8_t(element);
      (element > 0 ? positive : negative) += element;
    }
    found.whole.sum = std::max(found.whole.sum, double(positive - negative));
    found.one_sign = std::max({found.one_sign, double(positive), double(-negative)});
  }
  return found;
}

}  // namespace

void Panels::add_tiles(const TileKernels& kernels, const SourceOfB& b, int64_t first) {
  const auto* words = static_cast<const int16_t*>(b.data) + first;
  const auto* bytes = static_cast<const int8_t*>(b.data) + first;
  const auto steps = (k_ + tile_depth - 1) / tile_depth;
  for (auto& panel : panels_) {
    bool fits_byte = true;
    if (b.element_bytes == 2) {
      const auto sums = sums_of_columns(words + panel.column, b.ldb, k_, panel.columns, fits_byte);
      if (is_wide_ && !has_vectors_) bounds_.push_back(sums);
    }
    panel.tile_planes = fits_byte ? 1 : 2;
    tiles_bytes_ += tiles_of(panel) * steps * panel.tile_planes * tile_bytes;
  }
  proves_everything_ = !bounds_.empty() && prove(any_int16);
  auto* to = tiles_.room<int8_t>(size_t(tiles_bytes_));
  for (auto& panel : panels_) {
    panel.tiles = to;
    for (int j = 0; j < panel.columns; j += tile_columns) {
      const int count = std::min(tile_columns, panel.columns - j);
      const auto column = panel.column + j;
      if (b.element_bytes == 1) kernels.pack8(bytes + column, b.ldb, k_, count, to);
      else kernels.pack16(words + column, b.ldb, k_, count, panel.tile_planes, to);
      to += steps * panel.tile_planes * tile_bytes;
    }
  }
}

void Panels::pack_int8(const Kernels& kernels, const SourceOfB& b, int64_t first) {
  const auto* from = static_cast<const int8_t*>(b.data) + first;
  const auto depth = has_quads_ ? rounded_up(k_, 4) : rounded_up(k_, 2);
  const int64_t width = kernels.width();
  const auto element = has_quads_ ? 1 : 2;
  auto* to = packed_.room<char>(size_t(depth * padded_columns_ * element));
  if (has_quads_) column_offsets_.assign(panels_.size() * size_t(width), 0);
  for (size_t i = 0; i < panels_.size(); ++i) {
    auto& panel = panels_[i];
    panel.packed = to;
    if (has_quads_) {
      auto* sums = column_offsets_.data() + int64_t(i) * width;
      kernels.pack_quads8(from + panel.column, b.ldb, k_, panel.columns, depth,
                          reinterpret_cast<int8_t*>(to), sums);
      for (int64_t j = 0; j < width; ++j) sums[j] = int32_t(uint32_t(sums[j]) * uint32_t(-128));
      panel.column_offsets = sums;
    } else {
      kernels.pack_pairs8(from + panel.column, b.ldb, k_, panel.columns,
                          reinterpret_cast<int16_t*>(to));
    }
    to += depth * panel.vectors * kernels.lanes * element;
  }
}

void Panels::pack_int16(const Kernels& kernels, const SourceOfB& b, int64_t first) {
  const auto* from = static_cast<const int16_t*>(b.data) + first;
  const auto depth = rounded_up(k_, 2);
  auto* to = packed_.room<int16_t>(size_t(depth * padded_columns_));
  for (auto& panel : panels_) {
    panel.packed = to;
    kernels.pack_pairs16(from + panel.column, b.ldb, k_, panel.columns, to);
    to += depth * panel.vectors * kernels.lanes;
  }
  if (!is_wide_) return;
  add_bounds(kernels);
  if (kernels.has_quads && !proves_everything_) add_estimates(kernels, b, first);
}

void Panels::add_bounds(const Kernels& kernels) {
  for (const auto& panel : panels_)
    bounds_.push_back(
        column_bounds(kernels, static_cast<const int16_t*>(panel.packed), k_, panel.vectors));
  for (size_t i = 0; i < panels_.size(); ++i) panels_[i].bounds = &bounds_[i];
  proves_everything_ = prove(any_int16);
}

void Panels::add_estimates(const Kernels& kernels, const SourceOfB& b, int64_t first) {
  const auto* from = static_cast<const int16_t*>(b.data) + first;
  const auto depth = rounded_up(k_, 4);
  const int64_t width = kernels.width();
  const auto parts = (k_ + shortest_estimated - 1) / shortest_estimated;
  high_bytes_.resize(size_t(depth * padded_columns_ + 256));
  estimate_offsets_.assign(panels_.size() * size_t((parts + 1) * width), 0);
  auto* bytes = high_bytes_.data();
  auto* offsets = estimate_offsets_.data();
  std::vector<int32_t> high_sums(size_t(parts * width)), sums(high_sums);
  for (auto& panel : panels_) {
    panel.high_bytes = bytes, panel.estimate_offsets = offsets;
    std::fill(high_sums.begin(), high_sums.end(), 0), std::fill(sums.begin(), sums.end(), 0);
    kernels.pack_high_quads(from + panel.column, b.ldb, k_, panel.columns, shortest_estimated,
                            bytes, high_sums.data(), sums.data());
    for (int64_t j = 0; j < width; ++j) {
      int64_t high_total = 0, total = 0;
      for (int64_t part = 0; part < parts; ++part) {
        high_total += high_sums[size_t(part * width + j)], total += sums[size_t(part * width + j)];
        offsets[(part + 1) * width + j] = int32_t((total >> 9) - 128 * high_total);
      }
    }
    bytes += depth * panel.vectors * kernels.lanes;
    offsets += (parts + 1) * width;
  }
}

template <int depth, typename Packed, typename Element>
void Panels::unpack_groups(Element* rows, int64_t ldb) const {
  for (const auto& panel : panels_) {
    const int64_t width = panel.vectors * lanes_;
    const auto* packed = static_cast<const Packed*>(panel.packed);
    for (int64_t p = 0; p < k_; ++p) {
      if (p % padded_run_ >= run_) continue;
      auto* row = rows + (p / padded_run_ * run_ + p % padded_run_) * ldb + panel.column;
      for (int64_t j = 0; j < panel.columns; ++j)
        row[j] = Element(packed[p / depth * depth * width + depth * j + p % depth]);
    }
  }
}

template <typename Element>
void Panels::unpack_tiles(Element* rows, int64_t ldb) const {
  const auto steps = (k_ + tile_depth - 1) / tile_depth;
  for (const auto& panel : panels_) {
    const auto step = panel.tile_planes * tile_bytes;
    for (int64_t j = 0; j < panel.columns; ++j)
      for (int64_t p = 0; p < k_; ++p) {
        if (p % padded_run_ >= run_) continue;
        const auto* at = panel.tiles + (j / tile_columns * steps + p / tile_depth) * step +
                         p % tile_depth / 4 * 64 + j % tile_columns * 4 + p % 4;
        const int high = at[0];
        rows[(p / padded_run_ * run_ + p % padded_run_) * ldb + panel.column + j] = Element(
            panel.tile_planes == 2 ? high * 256 + int(uint8_t(at[tile_bytes])) : high);
      }
  }
}

void Panels::unpack(void* rows, int64_t ldb) const {
  if (!has_vectors_)
    return element_bytes_ == 2 ? unpack_tiles(static_cast<int16_t*>(rows), ldb)
                               : unpack_tiles(static_cast<int8_t*>(rows), ldb);
  if (element_bytes_ == 2) unpack_groups<2, int16_t>(static_cast<int16_t*>(rows), ldb);
  else if (has_quads_) unpack_groups<4, int8_t>(static_cast<int8_t*>(rows), ldb);
  else unpack_groups<2, int16_t>(static_cast<int8_t*>(rows), ldb);
}

bool Panels::prove(ElementRange a) const {
  return is_wide_ && std::all_of(bounds_.begin(), bounds_.end(),
                                 [&](const auto& bounds) { return bounds.prove(a); });
}

uint64_t Panels::bytes() const {
  const auto depth = rounded_up(k_, has_quads_ ? 4 : 2);
  const auto vectors = has_vectors_ ? uint64_t(depth * padded_columns_) * (has_quads_ ? 1 : 2) : 0;
  return vectors + uint64_t(tiles_bytes_) + high_bytes_.size() +
         (column_offsets_.size() + estimate_offsets_.size()) * sizeof(int32_t);
}

}  // namespace xfblas
