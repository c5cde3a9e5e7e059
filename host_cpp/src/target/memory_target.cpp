#include "target/memory_target.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "error.hpp"
#include "xfblas/instruction.hpp"

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

MemoryTarget::MemoryTarget(const Image& image, const std::vector<KernelInstance>& compute_units,
                           const DeviceName& device)
    : device_(device) {
  require(device.bdf.empty(), XFBLAS_STATUS_NOT_SUPPORTED, "bdf is '", device.bdf,
          "', but programs run on this CPU, which has no cards: pass a device index from 0 to ",
          device_count - 1, ", or take target xrt");
  require(device.index < device_count, XFBLAS_STATUS_INVALID_VALUE, "device index is ",
          device.index, ", expected 0 to ", device_count - 1, " where programs run on this CPU");
  for (const auto& unit : compute_units) {
    // Page offsets are 32-bit words, and a bank of one page could not hold a matrix.
    const auto bytes = image.banks[unit.bank].bytes;
    require(bytes > first_matrix_page * page_bytes && bytes / page_bytes < UINT32_MAX,
            XFBLAS_STATUS_IMAGE_INVALID, image.path, ": memory bank ", image.banks[unit.bank].tag,
            " has ", bytes, " bytes");
    memories_.emplace_back(bytes / page_bytes * page_bytes);
  }
}

uint32_t MemoryTarget::pages(uint32_t compute_unit) const {
  return uint32_t(memory(compute_unit).bytes() / page_bytes);
}

char* MemoryTarget::address(uint32_t compute_unit) { return memory(compute_unit).data(); }

void MemoryTarget::write(uint32_t compute_unit, uint64_t offset, const void* from,
                         const Rows& rows) {
  copy_rows(memory(compute_unit).data() + offset, rows.device_step, static_cast<const char*>(from),
            rows.host_step, rows);
}

void MemoryTarget::read(uint32_t compute_unit, uint64_t offset, void* to, const Rows& rows) {
  copy_rows(static_cast<char*>(to), rows.host_step, memory(compute_unit).data() + offset,
            rows.device_step, rows);
}

}  // namespace xfblas
