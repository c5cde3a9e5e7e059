// The stack of a fiber.
#ifndef XFBLAS_SIMULATION_STACK_HPP
#define XFBLAS_SIMULATION_STACK_HPP

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>

namespace xfblas {
namespace simulation {

// A stack with a page below it that must never be touched.
class Stack {
 public:
  static constexpr size_t bytes = 256 * 1024;
  static constexpr size_t guard = 4096;

  Stack()
      : base_(static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    if (base_ == MAP_FAILED) throw std::bad_alloc();
    mprotect(base_, guard, PROT_NONE);
  }
  Stack(Stack&& other) noexcept : base_(std::exchange(other.base_, nullptr)) {}
  Stack& operator=(Stack&& other) noexcept {
    std::swap(base_, other.base_);
    return *this;
  }
  ~Stack() {
    if (base_) munmap(base_, bytes);
  }
  void* usable() const { return base_ + guard; }
  static constexpr size_t usable_bytes() { return bytes - guard; }

 private:
  char* base_;
};

}  // namespace simulation
}  // namespace xfblas

#endif
