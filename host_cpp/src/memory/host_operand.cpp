#include "memory/host_operand.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "error.hpp"
#include "saturated.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

uintptr_t start_of(const HostMatrix& matrix) { return reinterpret_cast<uintptr_t>(matrix.data); }

uintptr_t end_of(const HostMatrix& matrix) {
  const auto elements =
      uintptr_t(matrix.rows - 1) * uintptr_t(matrix.leading_dimension) + uintptr_t(matrix.columns);
  return start_of(matrix) + elements * uintptr_t(matrix.element_bytes);
}

bool share_elements(const HostMatrix& result, const HostMatrix& other) {
  if (end_of(result) <= start_of(other) || end_of(other) <= start_of(result)) return false;
  if (result.leading_dimension != other.leading_dimension) return true;
  // With one leading dimension each row of the later one begins at the same column of the other.
  auto *first = &result, *second = &other;
  if (start_of(*second) < start_of(*first)) std::swap(first, second);
  const auto distance = int64_t(start_of(*second) - start_of(*first)) / result.element_bytes;
  const auto column = distance % result.leading_dimension;
  return column < first->columns || column + second->columns > result.leading_dimension;
}

// Asking the system costs nothing beside moving so many bytes; fewer end within a heap, most likely.
constexpr uint64_t fewest_asked = 1 << 20;

// What no array lies at: numbers, and what names a device or a matrix.
constexpr uintptr_t lowest_address = 65536;
constexpr uintptr_t highest_address = uintptr_t(std::min<uint64_t>(uint64_t(1) << 56, UINTPTR_MAX));

}  // namespace

void require_there(const char* name, const void* data, uint64_t bytes) {
  const auto first = reinterpret_cast<uintptr_t>(data);
  require(first >= lowest_address && first < highest_address, invalid, name, " is ", data,
          ", where no array lies");
  if (bytes < fewest_asked) return;
  const auto page = uint64_t(sysconf(_SC_PAGESIZE));
  const auto begin = first / page * page;
  const auto end = first + bytes;
  bool is_there = end > begin;
  static thread_local std::vector<unsigned char> residents(4096);
  const auto step = residents.size() * page;
  for (auto at = begin; is_there && at < end; at += step) {
    const auto part = std::min<uint64_t>(step, end - at);
    is_there = mincore(reinterpret_cast<void*>(at), part, residents.data()) == 0 || errno != ENOMEM;
  }
  require(is_there, invalid, name, " is said to have ", bytes, " bytes from ", data,
          " on, but so much memory is not there");
}

void require_operand(const char* name, const HostMatrix& matrix) {
  require(matrix.data != nullptr, invalid, name, " is NULL, expected a host matrix");
  require(matrix.rows > 0 && matrix.columns > 0, invalid, name, " is ", matrix.rows, " x ",
          matrix.columns, ", expected 1 row and 1 column or more");
  require(matrix.leading_dimension >= matrix.columns, invalid, "the leading dimension of ", name,
          " is ", matrix.leading_dimension, ", expected at least its row's length ",
          matrix.columns);
  require(start_of(matrix) % uintptr_t(matrix.element_bytes) == 0, invalid, name, " is at ",
          static_cast<const void*>(matrix.data), ", expected a multiple of its elements' size ",
          matrix.element_bytes);
  const auto elements =
      saturated_sum(saturated_product(uint64_t(matrix.rows) - 1, uint64_t(matrix.leading_dimension)),
                    uint64_t(matrix.columns));
  require(elements < (uint64_t(1) << 59), invalid, name, " is ", matrix.rows, " x ",
          matrix.columns, ", which no memory holds");
  require_there(name, matrix.data, elements * uint64_t(matrix.element_bytes));
}

void require_disjoint(const char* name, const HostMatrix& result, const char* other_name,
                      const HostMatrix& other) {
  require(!share_elements(result, other), invalid, name, " overlaps ", other_name,
          ": give the result an array of its own");
}

}  // namespace xfblas
