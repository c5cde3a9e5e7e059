// What a compute unit does with the matrices in its memory.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>

#include "device/compute_unit.hpp"
#include "error.hpp"
#include "process_state.hpp"
#include "xfblas/entry_table.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

// Of a host matrix of a shape that was checked.
uint64_t bytes_of(const HostMatrix& matrix) {
  return (uint64_t(matrix.rows - 1) * uint64_t(matrix.leading_dimension) +
          uint64_t(matrix.columns)) *
         uint64_t(matrix.element_bytes);
}

// Where 32 bits are all, any of them may be in an address: names are those of pages that nobody can
// use.
struct ReservedNames {
  std::mutex mutex;
  uintptr_t next = 0, end = 0;
};

uintptr_t new_reserved_name() {
  constexpr uintptr_t reserved = 1 << 20, step = 64;
  auto& [mutex, next, end] = ProcessState<ReservedNames>::get();
  const std::lock_guard<std::mutex> lock(mutex);
  if (next == end) {
    void* pages = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED, XFBLAS_STATUS_ALLOC_FAILED,
            "there is no address space for the names of matrices");
    next = reinterpret_cast<uintptr_t>(pages);
    end = next + reserved;
  }
  return std::exchange(next, next + step);
}

// What names a matrix is no address, since memory moves: it is never given twice, and never that of
// a host array, for no address of a program with 64 bits has this one.
void* new_name() {
  if (sizeof(uintptr_t) < sizeof(uint64_t))
    return reinterpret_cast<void*>(new_reserved_name());
  static std::atomic<uintptr_t> next{uintptr_t(1) << (8 * sizeof(uintptr_t) - 2)};
  return reinterpret_cast<void*>(next += page_bytes);
}

}  // namespace

uint32_t ComputeUnit::take_pages(uint64_t bytes) {
  const auto page = matrices_.take_pages(bytes);
  try {
    target_.reserve(index_, (page + pages_for(bytes)) * page_bytes);
  } catch (...) {
    matrices_.give_back(page);
    throw;
  }
  return page;
}

void ComputeUnit::require_element_bytes(int64_t element_bytes) const {
  const auto element = configuration_.element_bytes(),
             addend = configuration_.addend_bytes(engine_);
  const bool has_tables = engine_ == Engine::fcn && configuration_.data_type != DataType::float32;
  if (has_tables && element_bytes == entry_bytes) return;
  require(element_bytes == element || element_bytes == addend, invalid, "elemSize is ",
          element_bytes, ", expected ", element, " (", name_of(configuration_.data_type), ")",
          addend == element ? "" : " or " + std::to_string(addend) + " for X");
}

void* ComputeUnit::allocate(int64_t rows, int64_t columns, int64_t element_bytes) {
  const auto lock = idle();
  return allocate_padded(rows, columns, element_bytes);
}

void* ComputeUnit::allocate_packed(int64_t rows, int64_t columns, int64_t element_bytes,
                                   bool is_filter) {
  const auto lock = idle();
  auto* name = allocate_b(rows, columns, element_bytes, is_filter);
  matrices_.set_weight(name);
  return name;
}

void* ComputeUnit::allocate_b(int64_t rows, int64_t columns, int64_t element_bytes,
                              bool is_filter) {
  const bool packs = configuration_.machine && target_.prefers_packed() &&
                     element_bytes == configuration_.element_bytes();
  const auto n = is_filter ? columns : rounded_up(columns, configuration_.n_padding());
  return allocate_padded(rows, columns, element_bytes, packs ? n : 0);
}

void* ComputeUnit::allocate_padded(int64_t rows, int64_t columns, int64_t element_bytes,
                                   int64_t packed_columns) {
  require_shape(rows, columns, columns);
  require_element_bytes(element_bytes);
  // Which operand it will be is not known yet, so it is padded for any.
  const int64_t padding = std::lcm(std::lcm(configuration_.m_padding(), configuration_.k_padding()),
                                   configuration_.chain_padding());
  const int64_t padded_rows = rounded_up(rows, padding);
  const int64_t strip = packed_columns ? int64_t(configuration_.machine->array_columns) : 1;
  const int64_t whole = std::lcm(padding, strip);
  const int64_t leading_dimension = rounded_up(columns, whole);
  const auto bytes = matrices_.bytes_of(padded_rows, leading_dimension, element_bytes);
  const auto page = take_pages(bytes);
  void* name = new_name();
  matrices_.add(name, {0, page, bytes, uint32_t(element_bytes), uint32_t(rows), uint32_t(columns),
                       uint32_t(leading_dimension), true, uint32_t(packed_columns)});
  // Most are written as a whole at once, with their padding, and need no zeros before.
  matrices_.set_blank(name);
  return name;
}

void ComputeUnit::clear_blank() {
  while (const auto* name = matrices_.blank()) {
    transfer_.clear(matrices_.find("the blank matrix", name));
    matrices_.set_written(name);
  }
}

void ComputeUnit::allocate_for(const void* host, int64_t rows, int64_t columns,
                               int64_t element_bytes, int64_t leading_dimension) {
  const auto lock = idle();
  require(host != nullptr, invalid, "A is NULL, expected the host matrix");
  require_shape(rows, columns, leading_dimension);
  require_element_bytes(element_bytes);
  require(!matrices_.find_if_there(host), XFBLAS_STATUS_ALLOC_FAILED,
          "A is already on compute unit ", index_, ": free it first");
  const auto padding = std::min(
      {configuration_.m_padding(), configuration_.k_padding(), configuration_.n_padding()});
  for (const auto& [name, value] : {std::pair{"rows", rows}, {"cols", columns}})
    require(value % padding == 0, XFBLAS_STATUS_NOT_PADDED, name, " is ", value,
            ", but this image needs a multiple of ", padding);
  const auto bytes = matrices_.bytes_of(rows, leading_dimension, element_bytes);
  matrices_.add(host, {0, take_pages(bytes), bytes, uint32_t(element_bytes),
                       uint32_t(rows), uint32_t(columns), uint32_t(leading_dimension), false});
}

void ComputeUnit::send(const void* host, uint64_t elements, int64_t element_bytes) {
  const auto lock = idle();
  require(host != nullptr, invalid, "A is NULL, expected the host matrix");
  require(elements > 0 && elements <= INT64_MAX, invalid, "numElem is ", elements,
          ", expected 1 or more");
  require_element_bytes(element_bytes);
  const auto bytes = matrices_.bytes_of(int64_t(elements), 1, element_bytes);
  require_there("A", host, bytes);
  const auto* known = matrices_.find_if_there(host);
  if (!known || known->bytes != bytes || known->element_bytes != element_bytes) {
    // The new range first: where there is no room for it, the old one must stay as it is.
    const auto page = take_pages(bytes);
    if (known) matrices_.remove(host);
    known = &matrices_.add(host, {0, page, bytes, uint32_t(element_bytes), 1, 0, 0, false});
  }
  transfer_.write_bytes(known->page, host, bytes);
}

void ComputeUnit::free(const void* name) {
  const auto lock = idle();
  target_.forget(index_, matrices_.find("the matrix to free", name));
  matrices_.remove(name);
}

uint32_t ComputeUnit::page_of(const void* name) {
  const auto lock = idle();
  return matrices_.find("A", name).page;
}

void ComputeUnit::write(const void* name, const HostMatrix& from) {
  const auto lock = idle();
  require_writable(name, from);
  write_checked(name, from);
}

void ComputeUnit::write_several(const std::vector<Update>& updates) {
  const auto lock = idle();
  for (const auto& update : updates) require_writable(update.name, update.from);
  for (const auto& update : updates) write_checked(update.name, update.from);
}

void ComputeUnit::require_writable(const void* name, const HostMatrix& from) {
  const auto& matrix = matrices_.find("d_A", name);
  require(from.data != nullptr, invalid, "A is NULL, expected the host matrix");
  require_part(matrix, from);
  require_there("A", from.data, bytes_of(from));
}

void ComputeUnit::write_checked(const void* name, const HostMatrix& from) {
  const auto& matrix = matrices_.find("d_A", name);
  const bool is_whole = from.rows == matrix.rows && from.columns == matrix.columns;
  if (matrix.is_weight && is_whole && !matrix.is_packed() && target_.keep(index_, matrix, from))
    return matrices_.set_written(name);
  if (matrices_.is_blank(name) && (is_whole || matrix.is_packed())) {
    transfer_.write_with_padding(matrix, from);
    return matrices_.set_written(name);
  }
  if (matrices_.is_blank(name)) clear_blank();
  transfer_.write(matrix, from);
}

void ComputeUnit::read(const void* name, const HostMatrix& shape, char* to) {
  const auto lock = idle();
  report_failure();
  const auto& matrix = matrices_.find("d_A", name);
  require(to != nullptr, invalid, "A is NULL, expected the host matrix");
  require_part(matrix, shape);
  require_there("A", to, bytes_of(shape));
  require(!matrix.is_packed(), XFBLAS_STATUS_NOT_SUPPORTED,
          "d_A is packed for the kernel's array and cannot be read back");
  clear_blank();
  run_queued();
  transfer_.read(matrix, shape, to);
}

void ComputeUnit::write_all(const void* name, const void* from) {
  const auto lock = idle();
  const auto& matrix = matrices_.find("A", name);
  require(!matrix.pads_itself, invalid, "A was made by xfblasMalloc: use xfblasSetMatrix");
  require_there("A", from, matrix.bytes);
  transfer_.write_bytes(matrix.page, from, matrix.bytes);
}

void ComputeUnit::read_all(const void* name, void* to) {
  const auto lock = idle();
  report_failure();
  const auto& matrix = matrices_.find("A", name);
  require(!matrix.pads_itself, invalid, "A was made by xfblasMalloc: use xfblasGetMatrix");
  require_there("A", to, matrix.bytes);
  run_queued();
  transfer_.read_bytes(matrix.page, to, matrix.bytes);
}

void ComputeUnit::read_pages(uint32_t page, void* to, uint64_t bytes) {
  const auto lock = idle();
  report_failure();
  require(to != nullptr, invalid, "A is NULL, expected the host matrix");
  const auto pages = matrices_.arena().pages();
  require(page >= first_matrix_page && page < pages, invalid, "offset is page ", page,
          ", expected ", first_matrix_page, " to ", pages - 1);
  const auto found = counted_pages_.page_to_read(page, bytes);
  require(bytes <= uint64_t(pages - found) * page_bytes, invalid, "bufSize is ", bytes,
          ", which from page ", page, " on ends outside the memory of ", pages, " pages");
  require_there("A", to, bytes);
  target_.reserve(index_, uint64_t(found) * page_bytes + bytes);
  clear_blank();
  run_queued();
  transfer_.read_bytes(found, to, bytes);
}

}  // namespace xfblas
