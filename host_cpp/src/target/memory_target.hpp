// What the targets on this CPU share: every compute unit's memory is a block of this process.
#ifndef XFBLAS_MEMORY_TARGET_HPP
#define XFBLAS_MEMORY_TARGET_HPP

#include <cstdint>
#include <vector>

#include "target/target.hpp"

namespace xfblas {

// A compute unit's memory, of which only the beginning is there that was asked for: address space
// may be limited too. It moves where it grows, and takes real memory only where it is used.
class Memory {
 public:
  explicit Memory(uint64_t bytes);
  ~Memory();
  Memory(Memory&& other) noexcept;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // Makes sure that so many bytes from the beginning are there; new ones are zeros. Where the
  // system gives no more it fails, and nothing was changed.
  void reserve(uint64_t bytes);

  char* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t reserved() const { return reserved_; }

 private:
  char* data_;
  uint64_t bytes_, reserved_;
};

class MemoryTarget : public Target {
 public:
  // As many devices as the largest server takes cards; each open one has memory of its own.
  static constexpr uint32_t device_count = 16;

  MemoryTarget(const Image& image, const std::vector<KernelInstance>& compute_units,
               const DeviceName& device);

  DeviceName device() const override { return device_; }
  uint32_t pages(uint32_t compute_unit) const override;
  void reserve(uint32_t compute_unit, uint64_t bytes) override;
  void write(uint32_t compute_unit, uint64_t offset, const void* from, const Rows& rows) override;
  void read(uint32_t compute_unit, uint64_t offset, void* to, const Rows& rows) override;

 protected:
  const Memory& memory(uint32_t compute_unit) const { return memories_[compute_unit]; }

 private:
  DeviceName device_;
  std::vector<Memory> memories_;
};

}  // namespace xfblas

#endif
