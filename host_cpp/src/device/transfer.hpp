// Copies matrices between host and device memory, in the layout that each has there.
#ifndef XFBLAS_TRANSFER_HPP
#define XFBLAS_TRANSFER_HPP

#include <cstdint>

#include "image/image.hpp"
#include "memory/memory.hpp"
#include "target/target.hpp"

namespace xfblas {

void require_shape(int64_t rows, int64_t columns, int64_t leading_dimension);
// Fails where the host matrix is not a part of the device matrix.
void require_part(const DeviceMatrix& matrix, const HostMatrix& part);

// One compute unit's memory.
class Transfer {
 public:
  Transfer(Target& target, uint32_t compute_unit, const Configuration& configuration)
      : target_(target), compute_unit_(compute_unit), configuration_(configuration) {}

  void write(const DeviceMatrix& matrix, const HostMatrix& from);
  // The same for all of a matrix that pads itself, and zeros around it.
  void write_with_padding(const DeviceMatrix& matrix, const HostMatrix& from);
  void read(const DeviceMatrix& matrix, const HostMatrix& shape, char* to);
  void write_bytes(uint32_t page, const void* from, uint64_t bytes);
  void read_bytes(uint32_t page, void* to, uint64_t bytes);
  void clear(const DeviceMatrix& matrix);

 private:
  void write_packed(const DeviceMatrix& matrix, const HostMatrix& from);

  Target& target_;
  uint32_t compute_unit_;
  Configuration configuration_;
};

}  // namespace xfblas

#endif
