#include "target/memory_target.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "error.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {
namespace {

constexpr uint64_t least_reserved = uint64_t(16) << 20;

[[noreturn]] void fail_to_reserve(uint64_t bytes) {
  fail(XFBLAS_STATUS_ALLOC_FAILED, "cannot reserve ", bytes,
       " bytes of address space for a compute unit's memory: ", std::strerror(errno));
}

}  // namespace

Memory::Memory(uint64_t bytes) : bytes_(bytes), reserved_(std::min(bytes, least_reserved)) {
  void* address = mmap(nullptr, reserved_, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) fail_to_reserve(reserved_);
  data_ = static_cast<char*>(address);
}

Memory::Memory(Memory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(other.bytes_),
      reserved_(other.reserved_) {}

Memory::~Memory() {
  if (data_) munmap(data_, reserved_);
}

void Memory::reserve(uint64_t bytes) {
  if (bytes <= reserved_) return;
  // Half as much again, so that many small matrices are few moves; just enough where that is too
  // much.
  for (const auto wanted : {std::max(bytes, std::min(bytes_, reserved_ + reserved_ / 2)), bytes}) {
    if (wanted > SIZE_MAX / 2) continue;  // of a machine with 32 bits
    void* address = mremap(data_, reserved_, wanted, MREMAP_MAYMOVE);
    if (address == MAP_FAILED) continue;
    data_ = static_cast<char*>(address);
    reserved_ = wanted;
    return;
  }
  fail_to_reserve(bytes);
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

void MemoryTarget::reserve(uint32_t compute_unit, uint64_t bytes) {
  // The kernel wants whole pages.
  memories_[compute_unit].reserve(pages_for(bytes) * page_bytes);
}

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
