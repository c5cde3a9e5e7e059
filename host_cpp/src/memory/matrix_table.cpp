#include "memory/matrix_table.hpp"

#include "error.hpp"
#include "saturated.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

const DeviceMatrix& MatrixTable::add(const void* name, const DeviceMatrix& matrix) {
  auto& entry = matrices_[name] = matrix;
  entry.id = next_id_++;
  live_.insert(entry.id);
  return entry;
}

const DeviceMatrix& MatrixTable::find(const char* role, const void* name) const {
  const auto* found = find_if_there(name);
  require(found != nullptr, XFBLAS_STATUS_NOT_FOUND, role, " is not on compute unit ",
          compute_unit_, ": it was never sent, or was freed already");
  return *found;
}

const DeviceMatrix* MatrixTable::find_if_there(const void* name) const {
  const auto entry = matrices_.find(name);
  return entry == matrices_.end() ? nullptr : &entry->second;
}

void MatrixTable::remove(const void* name) {
  const auto& matrix = find("the matrix to free", name);
  arena_.free(matrix.page);
  live_.erase(matrix.id);
  blank_.erase(name);
  matrices_.erase(name);
}

std::vector<const DeviceMatrix*> MatrixTable::all() const {
  std::vector<const DeviceMatrix*> found;
  found.reserve(matrices_.size());
  for (const auto& [name, matrix] : matrices_) found.push_back(&matrix);
  return found;
}

uint64_t MatrixTable::bytes_of(int64_t rows, int64_t leading_dimension,
                               int64_t element_bytes) const {
  const auto elements = saturated_product(uint64_t(rows), uint64_t(leading_dimension));
  const auto bytes = saturated_product(elements, uint64_t(element_bytes));
  require(bytes <= uint64_t(arena_.pages()) * page_bytes, XFBLAS_STATUS_ALLOC_FAILED,
          "a matrix of ", rows, " x ", leading_dimension,
          " elements is larger than the compute unit's memory of ", arena_.pages(),
          " pages (4096 bytes each)");
  return bytes;
}

}  // namespace xfblas
