// The matrices in a compute unit's memory, by the pointers that name them.
#ifndef XFBLAS_MATRIX_TABLE_HPP
#define XFBLAS_MATRIX_TABLE_HPP

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "memory/arena.hpp"
#include "memory/matrix.hpp"

namespace xfblas {

class MatrixTable {
 public:
  MatrixTable(uint32_t compute_unit, uint32_t pages) : compute_unit_(compute_unit), arena_(pages) {}

  // Takes the first pages that hold so many bytes. Fails where there are none, and then nothing
  // was changed.
  uint32_t take_pages(uint64_t bytes) { return arena_.allocate(bytes); }
  // Pages that were taken and name no matrix.
  void give_back(uint32_t first_page) { arena_.free(first_page); }
  // Names a matrix whose pages were taken, and gives it an id.
  const DeviceMatrix& add(const void* name, const DeviceMatrix& matrix);
  // Fails where no matrix has this name; role says in the text which one was looked for.
  const DeviceMatrix& find(const char* role, const void* name) const;
  const DeviceMatrix* find_if_there(const void* name) const;
  void remove(const void* name);

  // Blank matrices count as zeros, which were not written yet.
  void set_blank(const void* name) { blank_.insert(name); }
  bool is_blank(const void* name) const { return blank_.count(name) > 0; }
  void set_written(const void* name) { blank_.erase(name); }
  // Any of them; null where there is none.
  const void* blank() const { return blank_.empty() ? nullptr : *blank_.begin(); }

  void set_weight(const void* name) { matrices_.at(name).is_weight = true; }

  bool is_live(uint64_t id) const { return live_.count(id) > 0; }
  std::vector<const DeviceMatrix*> all() const;
  const Arena& arena() const { return arena_; }

  // Bytes of a matrix; fails where it is larger than the whole memory.
  uint64_t bytes_of(int64_t rows, int64_t leading_dimension, int64_t element_bytes) const;

 private:
  uint32_t compute_unit_;
  Arena arena_;
  std::unordered_map<const void*, DeviceMatrix> matrices_;
  std::unordered_set<uint64_t> live_;
  std::unordered_set<const void*> blank_;
  uint64_t next_id_ = 1;
};

}  // namespace xfblas

#endif
