// The tables of an xclbin file: what each section that the host needs holds.
#ifndef XFBLAS_IMAGE_TABLES_HPP
#define XFBLAS_IMAGE_TABLES_HPP

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "error.hpp"
#include "image/image.hpp"

namespace xfblas {

// Reads fixed-width fields and never past the end.
class Bytes {
 public:
  Bytes(const std::string& path, const char* data, uint64_t size)
      : path_(&path), data_(data), size_(size) {}

  template <typename T>
  T field(uint64_t offset) const {
    T value;
    std::memcpy(&value, at(offset, sizeof value), sizeof value);
    return value;
  }
  std::string text(uint64_t offset, uint64_t limit) const {
    const char* start = at(offset, limit);
    return std::string(start, strnlen(start, limit));
  }
  Bytes part(uint64_t offset, uint64_t size) const { return Bytes(*path_, at(offset, size), size); }
  uint64_t size() const { return size_; }
  const std::string& path() const { return *path_; }
  const char* at(uint64_t offset, uint64_t size) const {
    require(offset <= size_ && size <= size_ - offset, XFBLAS_STATUS_IMAGE_INVALID, *path_,
            " is truncated or damaged: ", size, " bytes are expected at offset ", offset, " of ",
            size_);
    return data_ + offset;
  }

 private:
  const std::string* path_;
  const char* data_;
  uint64_t size_;
};

std::vector<MemoryBank> read_banks(const Bytes& memory_topology);

// The compute units, each with the bank that its first argument is connected to.
std::vector<KernelInstance> read_instances(const Bytes& ip_layout, const Bytes& connectivity,
                                           size_t bank_count);

// Fails where a connection leads to an entry that the other tables do not have: XRT would read
// outside of them.
void check_connections(const char* name, const Bytes& connections, const Bytes& ip_layout,
                       const Bytes& topology);

}  // namespace xfblas

#endif
