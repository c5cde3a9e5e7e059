// The card's memory: buffers at the addresses that XRT gives them, in a file without a name, so
// that the processes of the compute units reach the same bytes.
#ifndef XFBLAS_EMULATION_MEMORY_HPP
#define XFBLAS_EMULATION_MEMORY_HPP

#include <cstdint>
#include <map>
#include <optional>

namespace xfblas::emulation {

// Part of the file.
struct Range {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

class Memory {
 public:
  Memory();
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // False where the host has no room, or where the addresses belong to another buffer.
  bool allocate(uint64_t address, uint64_t bytes);
  void free(uint64_t address);

  // The bytes of a buffer from an address on; null where they are not all inside one.
  char* find(uint64_t address, uint64_t bytes);
  // From an address to the end of its buffer.
  std::optional<Range> range_from(uint64_t address) const;

  int file() const { return file_; }

 private:
  struct Buffer {
    char* data;
    Range range;
  };
  using Buffers = std::map<uint64_t, Buffer>;

  Buffers::const_iterator containing(uint64_t address) const;
  void release(const Buffer& buffer);

  int file_;
  uint64_t file_bytes_ = 0;
  Buffers buffers_;  // by address
};

}  // namespace xfblas::emulation

#endif
