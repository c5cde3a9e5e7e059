// The kernel library that an emulation image carries, loaded into this process.
#ifndef XFBLAS_KERNEL_LIBRARY_HPP
#define XFBLAS_KERNEL_LIBRARY_HPP

#include <cstddef>
#include <cstdint>
#include <string>

#include "image/image.hpp"

namespace xfblas {

// The C entry of hw/emu/kernel_library.h: one launch over a memory, 0 or 1 with a message.
using RunKernel = int (*)(void* memory, uint64_t bytes, char* message, size_t message_size);

class KernelLibrary {
 public:
  // Fails where the image carries none, or one without this kernel.
  KernelLibrary(const Image& image, const std::string& kernel);

  RunKernel run() const { return run_; }

 private:
  RunKernel run_;
};

}  // namespace xfblas

#endif
