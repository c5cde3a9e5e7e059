// A compute unit's memory on this CPU: address space that takes real memory only where it is used.
#ifndef XFBLAS_MEMORY_HPP
#define XFBLAS_MEMORY_HPP

#include <cstdint>

namespace xfblas {

class Memory {
 public:
  explicit Memory(uint64_t bytes);
  ~Memory();
  Memory(Memory&& other) noexcept;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  char* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }

 private:
  char* data_;
  uint64_t bytes_;
};

}  // namespace xfblas

#endif
