// Rows of a matrix, as they are copied between host memory and a compute unit's.
#ifndef XFBLAS_ROWS_HPP
#define XFBLAS_ROWS_HPP

#include <cstdint>
#include <cstring>

namespace xfblas {

struct Rows {
  uint64_t count, bytes;            // bytes: of one row
  uint64_t host_step, device_step;  // from the start of a row to that of the next
  // What lies between the rows on the device: zeros as padding, or somebody's data, which a
  // write must leave as it is.
  bool is_padded = false;

  // Bytes that lie between two rows on the device.
  uint64_t gap() const { return count > 1 ? device_step - bytes : 0; }
  // On the device, from the start of the first row to the end of the last.
  uint64_t device_bytes() const { return (count - 1) * device_step + bytes; }
};

// What is contiguous on both sides.
constexpr Rows one_piece(uint64_t bytes) { return {1, bytes, bytes, bytes}; }

inline void copy_rows(char* to, uint64_t to_step, const char* from, uint64_t from_step,
                      const Rows& rows) {
  for (uint64_t i = 0; i < rows.count; ++i)
    std::memcpy(to + i * to_step, from + i * from_step, rows.bytes);
}

}  // namespace xfblas

#endif
