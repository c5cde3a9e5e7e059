#include "memory/memory.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "error.hpp"

namespace xfblas {

Memory::Memory(uint64_t bytes) : bytes_(bytes) {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  require(address != MAP_FAILED, XFBLAS_STATUS_ALLOC_FAILED, "cannot reserve ", bytes,
          " bytes of address space for a compute unit's memory: ", std::strerror(errno));
  data_ = static_cast<char*>(address);
}

Memory::Memory(Memory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}

Memory::~Memory() {
  if (data_) munmap(data_, bytes_);
}

}  // namespace xfblas
