#include "compute_unit.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>

#include "error.hpp"
#include "launch.hpp"
#include "xfblas/instruction.hpp"
#include "xfblas/packed.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

uint64_t byte_offset(uint32_t page) { return uint64_t(page) * page_bytes; }

void require_shape(int64_t rows, int64_t columns, int64_t leading_dimension) {
  require(rows > 0, invalid, "rows is ", rows, ", expected 1 or more");
  require(columns > 0, invalid, "the number of columns is ", columns, ", expected 1 or more");
  require(leading_dimension >= columns, invalid, "lda is ", leading_dimension,
          ", expected at least the number of columns ", columns);
}

}  // namespace

ComputeUnit::ComputeUnit(Target& target, uint32_t index, Engine engine,
                         const Configuration& configuration)
    : target_(target),
      index_(index),
      engine_(engine),
      configuration_(configuration),
      maker_(engine, configuration),
      arena_(target.pages(index)) {}

ComputeUnit::~ComputeUnit() {
  if (started_.valid()) started_.wait();
}

std::unique_lock<std::mutex> ComputeUnit::idle() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (started_.valid()) {
    try {
      started_.get();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }
  return lock;
}

void ComputeUnit::report_failure() {
  if (const auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
}

const Matrix& ComputeUnit::find(const char* role, const void* name) const {
  const auto entry = matrices_.find(name);
  require(name != nullptr && entry != matrices_.end(), XFBLAS_STATUS_NOT_FOUND, role,
          " is not on compute unit ", index_, ": it was never sent, or was freed already");
  return entry->second;
}

void ComputeUnit::require_element_bytes(int64_t element_bytes) const {
  const auto element = configuration_.element_bytes(), addend = configuration_.addend_bytes(engine_);
  require(element_bytes == element || element_bytes == addend, invalid, "elemSize is ",
          element_bytes, ", expected ", element, " (", name_of(configuration_.data_type), ")",
          addend == element ? "" : " or 4 for X");
}

Matrix& ComputeUnit::add(const void* name, const Matrix& matrix) {
  auto& entry = matrices_[name] = matrix;
  entry.id = next_id_++;
  live_.insert(entry.id);
  return entry;
}

void ComputeUnit::forget(const Matrix& matrix) {
  arena_.free(matrix.page);
  live_.erase(matrix.id);
}

uint64_t ComputeUnit::bytes_of(int64_t rows, int64_t leading_dimension,
                               int64_t element_bytes) const {
  const auto bytes = static_cast<unsigned __int128>(rows) * uint64_t(leading_dimension) *
                     uint64_t(element_bytes);
  require(bytes <= byte_offset(arena_.pages()), XFBLAS_STATUS_ALLOC_FAILED, "a matrix of ", rows,
          " x ", leading_dimension, " elements is larger than the compute unit's memory of ",
          arena_.pages(), " pages (4096 bytes each)");
  return uint64_t(bytes);
}

void* ComputeUnit::allocate(int64_t rows, int64_t columns, int64_t element_bytes) {
  const auto lock = idle();
  return allocate_padded(rows, columns, element_bytes, false);
}

void* ComputeUnit::allocate_packed(int64_t rows, int64_t columns, int64_t element_bytes) {
  const auto lock = idle();
  const bool fits = configuration_.machine && element_bytes == configuration_.element_bytes();
  return allocate_padded(rows, columns, element_bytes, fits && target_.prefers_packed());
}

void* ComputeUnit::allocate_padded(int64_t rows, int64_t columns, int64_t element_bytes,
                                   bool is_packed) {
  require_shape(rows, columns, columns);
  require_element_bytes(element_bytes);
  // Which operand it will be is not known yet, so it is padded for any.
  const int64_t padding =
      std::lcm(std::lcm(configuration_.m_padding(), configuration_.k_padding()),
               configuration_.chain_padding());
  const int64_t padded_rows = (rows + padding - 1) / padding * padding;
  const int64_t strip = is_packed ? int64_t(configuration_.machine->array_columns) : 1;
  const int64_t whole = std::lcm(padding, strip);
  const int64_t leading_dimension = (columns + whole - 1) / whole * whole;
  const auto bytes = bytes_of(padded_rows, leading_dimension, element_bytes);
  const auto page = arena_.allocate(bytes);
  void* name = target_.address(index_) + byte_offset(page);
  const std::vector<char> zeros(std::min<uint64_t>(bytes, 1 << 20));
  for (uint64_t done = 0; done < bytes; done += zeros.size())
    target_.write(index_, byte_offset(page) + done, zeros.data(),
                  std::min<uint64_t>(zeros.size(), bytes - done));
  add(name, {0, page, bytes, uint32_t(element_bytes), uint32_t(rows), uint32_t(columns),
             uint32_t(leading_dimension), true, is_packed});
  return name;
}

void ComputeUnit::allocate_for(const void* host, int64_t rows, int64_t columns,
                               int64_t element_bytes, int64_t leading_dimension) {
  const auto lock = idle();
  require(host != nullptr, invalid, "A is NULL, expected the host matrix");
  require_shape(rows, columns, leading_dimension);
  require_element_bytes(element_bytes);
  require(matrices_.count(host) == 0, XFBLAS_STATUS_ALLOC_FAILED,
          "A is already on compute unit ", index_, ": free it first");
  const auto padding = std::min({configuration_.m_padding(), configuration_.k_padding(),
                                 configuration_.n_padding()});
  for (const auto& [name, value] : {std::pair{"rows", rows}, {"cols", columns}})
    require(value % padding == 0, XFBLAS_STATUS_NOT_PADDED, name, " is ", value,
            ", but this image needs a multiple of ", padding);
  const auto bytes = bytes_of(rows, leading_dimension, element_bytes);
  add(host, {0, arena_.allocate(bytes), bytes, uint32_t(element_bytes), uint32_t(rows),
             uint32_t(columns), uint32_t(leading_dimension), false});
}

void ComputeUnit::send(const void* host, uint64_t elements, int64_t element_bytes) {
  const auto lock = idle();
  require(host != nullptr, invalid, "A is NULL, expected the host matrix");
  require(elements > 0 && elements <= INT64_MAX, invalid, "numElem is ", elements,
          ", expected 1 or more");
  require_element_bytes(element_bytes);
  const auto bytes = bytes_of(int64_t(elements), 1, element_bytes);
  const auto known = matrices_.find(host);
  const bool fits = known != matrices_.end() && known->second.bytes == bytes &&
                    known->second.element_bytes == element_bytes;
  if (!fits) {
    // The new range first: where there is no room for it, the old one must stay as it is.
    const auto page = arena_.allocate(bytes);
    if (known != matrices_.end()) forget(known->second);
    add(host, {0, page, bytes, uint32_t(element_bytes), 1, 0, 0, false});
  }
  target_.write(index_, byte_offset(matrices_[host].page), host, bytes);
}

void ComputeUnit::free(const void* name) {
  const auto lock = idle();
  forget(find("the matrix to free", name));
  matrices_.erase(name);
}

uint32_t ComputeUnit::page_of(const void* name) {
  const auto lock = idle();
  return find("A", name).page;
}

namespace {

void require_part(const Matrix& matrix, const HostMatrix& part) {
  require_shape(part.rows, part.columns, part.leading_dimension);
  require(part.element_bytes == matrix.element_bytes, invalid, "elemSize is ", part.element_bytes,
          ", but the matrix was allocated with ", matrix.element_bytes);
  require(part.rows <= matrix.rows && part.columns <= matrix.columns, invalid, "the host matrix is ",
          part.rows, " x ", part.columns, ", but the device matrix was allocated as ", matrix.rows,
          " x ", matrix.columns);
}

// Calls copy(offset in the matrix, offset in the host array, bytes) once for each piece that is
// contiguous on both sides.
template <typename Copy>
void for_each_piece(const Matrix& matrix, const HostMatrix& part, const Copy& copy) {
  const auto row = uint64_t(part.columns * part.element_bytes);
  const auto host_row = uint64_t(part.leading_dimension * part.element_bytes);
  const auto device_row = uint64_t(matrix.leading_dimension) * matrix.element_bytes;
  if (row == host_row && row == device_row) return copy(0, 0, row * uint64_t(part.rows));
  for (uint64_t i = 0; i < uint64_t(part.rows); ++i) copy(i * device_row, i * host_row, row);
}

}  // namespace

namespace {

// Rows with their padding, packed tile by tile; Element is any type of the right size.
template <typename Element>
std::vector<char> packed_bytes(const Matrix& matrix, const HostMatrix& from,
                               const PackedLayout& layout) {
  const uint64_t across = matrix.leading_dimension;
  const uint64_t k = matrix.bytes / sizeof(Element) / across;
  std::vector<Element> rows(k * across);
  for (int64_t i = 0; i < from.rows; ++i)
    std::memcpy(&rows[uint64_t(i) * across],
                from.data + i * from.leading_dimension * int64_t(sizeof(Element)),
                uint64_t(from.columns) * sizeof(Element));
  std::vector<char> packed(matrix.bytes);
  pack(layout, k, across, rows.data(), across, 1, reinterpret_cast<Element*>(packed.data()));
  return packed;
}

}  // namespace

void ComputeUnit::write_packed(const Matrix& matrix, const HostMatrix& from) {
  require(from.rows == matrix.rows && from.columns == matrix.columns, invalid,
          "the host matrix is ", from.rows, " x ", from.columns,
          ", but a packed matrix is written as a whole: ", matrix.rows, " x ", matrix.columns);
  const auto& machine = *configuration_.machine;
  const PackedLayout layout{uint32_t(machine.tile_columns), uint32_t(machine.array_columns)};
  const auto bytes = matrix.element_bytes == 1   ? packed_bytes<int8_t>(matrix, from, layout)
                     : matrix.element_bytes == 2 ? packed_bytes<int16_t>(matrix, from, layout)
                                                 : packed_bytes<int32_t>(matrix, from, layout);
  target_.write(index_, byte_offset(matrix.page), bytes.data(), bytes.size());
}

void ComputeUnit::write(const void* name, const HostMatrix& from) {
  const auto lock = idle();
  const auto& matrix = find("d_A", name);
  require(from.data != nullptr, invalid, "A is NULL, expected the host matrix");
  require_part(matrix, from);
  if (matrix.is_packed) return write_packed(matrix, from);
  for_each_piece(matrix, from, [&](uint64_t device, uint64_t host, uint64_t bytes) {
    target_.write(index_, byte_offset(matrix.page) + device, from.data + host, bytes);
  });
}

void ComputeUnit::read(const void* name, const HostMatrix& shape, char* to) {
  const auto lock = idle();
  report_failure();
  const auto& matrix = find("d_A", name);
  require(to != nullptr, invalid, "A is NULL, expected the host matrix");
  require_part(matrix, shape);
  require(!matrix.is_packed, XFBLAS_STATUS_NOT_SUPPORTED,
          "d_A is packed for the kernel's array and cannot be read back");
  run_queued();
  for_each_piece(matrix, shape, [&](uint64_t device, uint64_t host, uint64_t bytes) {
    target_.read(index_, byte_offset(matrix.page) + device, to + host, bytes);
  });
}

void ComputeUnit::write_all(const void* name, const void* from) {
  const auto lock = idle();
  const auto& matrix = find("A", name);
  require(!matrix.pads_itself, invalid, "A was made by xfblasMalloc: use xfblasSetMatrix");
  target_.write(index_, byte_offset(matrix.page), from, matrix.bytes);
}

void ComputeUnit::read_all(const void* name, void* to) {
  const auto lock = idle();
  report_failure();
  const auto& matrix = find("A", name);
  require(!matrix.pads_itself, invalid, "A was made by xfblasMalloc: use xfblasGetMatrix");
  run_queued();
  target_.read(index_, byte_offset(matrix.page), to, matrix.bytes);
}

void ComputeUnit::read_pages(uint32_t page, void* to, uint64_t bytes) {
  const auto lock = idle();
  report_failure();
  require(to != nullptr, invalid, "A is NULL, expected the host matrix");
  require(page >= first_matrix_page && page < arena_.pages(), invalid, "offset is page ", page,
          ", expected ", first_matrix_page, " to ", arena_.pages() - 1);
  require(bytes <= byte_offset(arena_.pages()) - byte_offset(page), invalid, "bufSize is ", bytes,
          ", which from page ", page, " on ends outside the memory of ", arena_.pages(), " pages");
  run_queued();
  target_.read(index_, byte_offset(page), to, bytes);
}

void ComputeUnit::gemm(const Sizes& sizes, const void* a, const void* b, const void* c,
                       bool adds_c) {
  const auto lock = idle();
  maker_.require_engine(Engine::gemm);
  const auto* result = &find("C", c);
  const Matrices matrices{&find("A", a), &find("B", b), result, adds_c ? result : nullptr};
  program_.append(maker_.product(sizes, matrices, {}));
}

void ComputeUnit::gemv(int64_t m, int64_t n, int64_t lda, const void* a, const void* x,
                       const void* y) {
  const auto lock = idle();
  maker_.require_engine(Engine::gemv);
  const Matrices matrices{&find("A", a), &find("x", x), &find("y", y), nullptr};
  program_.append(maker_.vector_product(m, n, lda, matrices));
}

void ComputeUnit::fcn(const Sizes& sizes, const void* a, const void* b, const void* c,
                      const void* x, const Epilogue& epilogue) {
  const auto lock = idle();
  maker_.require_engine(Engine::fcn);
  const Matrices matrices{&find("A", a), &find("B", b), &find("C", c),
                          x ? &find("X", x) : nullptr};
  program_.append(maker_.product(sizes, matrices, epilogue));
}

void ComputeUnit::fcn_by_page(const Sizes& sizes, const Pages& pages, const Epilogue& epilogue) {
  const auto lock = idle();
  maker_.require_engine(Engine::fcn);
  program_.append(maker_.product_by_page(sizes, pages, epilogue, arena_));
}

void ComputeUnit::free_instructions() {
  const auto lock = idle();
  program_.clear();
}

void ComputeUnit::require_live(const std::vector<Operation>& operations) const {
  for (size_t i = 0; i < operations.size(); ++i)
    for (const auto id : operations[i].matrix_ids)
      require(id == 0 || live_.count(id), XFBLAS_STATUS_NOT_FOUND, "instruction ", i,
              " of the program uses a matrix that was freed after it was queued: free the "
              "instructions and queue them again");
}

void ComputeUnit::run(const std::vector<Operation>& operations) {
  launch(target_, index_, configuration_.instructions_per_launch, operations);
}

void ComputeUnit::run_queued() {
  if (!program_.has_queued()) return;
  const auto operations = program_.take();
  require_live(operations);
  run(operations);
}

void ComputeUnit::execute() {
  const auto lock = idle();
  report_failure();
  require(!program_.empty(), invalid, "no instruction is queued on compute unit ", index_,
          ": queue an operation before executing");
  const auto operations = program_.take();
  require_live(operations);
  run(operations);
}

void ComputeUnit::start() {
  const auto lock = idle();
  report_failure();
  if (program_.empty()) return;
  auto operations = program_.take();
  require_live(operations);
  started_ = std::async(std::launch::async,
                        [this, operations = std::move(operations)] { run(operations); });
}

void ComputeUnit::synchronize() {
  const auto lock = idle();
  report_failure();
}

void ComputeUnit::read_stamps(unsigned long long* stamps, uint32_t instructions) {
  const auto lock = idle();
  report_failure();
  const auto most = configuration_.instructions_per_launch - 1;
  require(instructions > 0 && instructions <= most, invalid, "numInstructions is ", instructions,
          ", expected 1 to ", most, ", which a launch of this image holds");
  // The first slot belongs to the control word.
  std::vector<Result> results(instructions + 1);
  target_.read(index_, byte_offset(result_page), results.data(), results.size() * sizeof(Result));
  for (uint32_t i = 0; i < instructions; ++i) {
    stamps[2 * i] = results[i + 1].start;
    stamps[2 * i + 1] = results[i + 1].end;
  }
}

bool ComputeUnit::has_program() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !program_.empty();
}

}  // namespace xfblas
