#include "device/transfer.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "error.hpp"
#include "xfblas/instruction.hpp"
#include "xfblas/packed.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

uint64_t byte_offset(uint32_t page) { return uint64_t(page) * page_bytes; }

Rows rows_of(const DeviceMatrix& matrix, const HostMatrix& part) {
  const auto row = uint64_t(part.columns * part.element_bytes);
  const auto host_row = uint64_t(part.leading_dimension * part.element_bytes);
  const auto device_row = uint64_t(matrix.leading_dimension) * matrix.element_bytes;
  if (row == host_row && row == device_row) return one_piece(row * uint64_t(part.rows));
  // Else the rest of each row is of the matrix too, or of whoever chose its leading dimension.
  const bool is_padded = matrix.pads_itself && part.columns == matrix.columns;
  return {uint64_t(part.rows), row, host_row, device_row, is_padded};
}

}  // namespace

void require_shape(int64_t rows, int64_t columns, int64_t leading_dimension) {
  require(rows > 0, invalid, "rows is ", rows, ", expected 1 or more");
  require(columns > 0, invalid, "the number of columns is ", columns, ", expected 1 or more");
  require(leading_dimension >= columns, invalid, "lda is ", leading_dimension,
          ", expected at least the number of columns ", columns);
}

void require_part(const DeviceMatrix& matrix, const HostMatrix& part) {
  require_shape(part.rows, part.columns, part.leading_dimension);
  require(part.element_bytes == matrix.element_bytes, invalid, "elemSize is ", part.element_bytes,
          ", but the matrix was allocated with ", matrix.element_bytes);
  require(part.rows <= matrix.rows && part.columns <= matrix.columns, invalid,
          "the host matrix is ", part.rows, " x ", part.columns,
          ", but the device matrix was allocated as ", matrix.rows, " x ", matrix.columns);
}

void Transfer::write(const DeviceMatrix& matrix, const HostMatrix& from) {
  if (matrix.is_packed()) return write_packed(matrix, from);
  target_.write(compute_unit_, byte_offset(matrix.page), from.data, rows_of(matrix, from));
}

void Transfer::write_with_padding(const DeviceMatrix& matrix, const HostMatrix& from) {
  if (matrix.is_packed()) return write_packed(matrix, from);
  const auto rows = rows_of(matrix, from);
  if (rows.device_bytes() == matrix.bytes) return write(matrix, from);
  std::vector<char> padded(matrix.bytes);
  copy_rows(padded.data(), rows.device_step, from.data, rows.host_step, rows);
  write_bytes(matrix.page, padded.data(), padded.size());
}

// The layout depends on the sizes, so it is that of the products the matrix will be used in.
void Transfer::write_packed(const DeviceMatrix& matrix, const HostMatrix& from) {
  require(from.rows == matrix.rows && from.columns == matrix.columns, invalid,
          "the host matrix is ", from.rows, " x ", from.columns,
          ", but a packed matrix is written as a whole: ", matrix.rows, " x ", matrix.columns);
  const auto& machine = *configuration_.machine;
  const PackedLayout layout{uint32_t(machine.tile_columns), uint32_t(machine.array_columns)};
  const auto k = uint64_t(rounded_up(matrix.rows, configuration_.k_step()));
  const uint64_t across = matrix.packed_columns;
  // A tile at a time, since B may be most of this machine's memory. Its rows are pieces of B's.
  const uint64_t element = matrix.element_bytes;
  std::vector<char> packed;
  for (uint64_t first = 0; first < across; first += layout.tile) {
    const uint64_t width = layout.width(across, first), columns = uint64_t(from.columns);
    const uint64_t begin = std::min(first, columns), used = std::min(width, columns - begin);
    packed.assign(k * width * element, 0);
    copy_rows(packed.data(), width * element, from.data + begin * element,
              uint64_t(from.leading_dimension) * element,
              Rows{uint64_t(from.rows), used * element, 0, 0});
    const auto place = byte_offset(matrix.page) + layout.place(k, across, 0, first) * element;
    target_.write(compute_unit_, place, packed.data(), one_piece(packed.size()));
  }
}

void Transfer::read(const DeviceMatrix& matrix, const HostMatrix& shape, char* to) {
  target_.read(compute_unit_, byte_offset(matrix.page), to, rows_of(matrix, shape));
}

void Transfer::write_bytes(uint32_t page, const void* from, uint64_t bytes) {
  target_.write(compute_unit_, byte_offset(page), from, one_piece(bytes));
}

void Transfer::read_bytes(uint32_t page, void* to, uint64_t bytes) {
  target_.read(compute_unit_, byte_offset(page), to, one_piece(bytes));
}

void Transfer::clear(const DeviceMatrix& matrix) {
  const std::vector<char> zeros(std::min<uint64_t>(matrix.bytes, 1 << 20));
  for (uint64_t done = 0; done < matrix.bytes; done += zeros.size())
    target_.write(compute_unit_, byte_offset(matrix.page) + done, zeros.data(),
                  one_piece(std::min<uint64_t>(zeros.size(), matrix.bytes - done)));
}

}  // namespace xfblas
