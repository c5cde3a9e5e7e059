// What XRT holds for one user of a compute unit.
#ifndef XFBLAS_XRT_UNIT_BUFFERS_HPP
#define XFBLAS_XRT_UNIT_BUFFERS_HPP

#include <array>
#include <cstdint>
#include <string>

namespace xfblas {

using XrtUuid = std::array<unsigned char, 16>;

struct XrtHandles {
  void* kernel = nullptr;
  void* buffer = nullptr;  // the memory, which both arguments of the kernel point to
  void* run = nullptr;     // the command that starts the kernel
  char* host = nullptr;    // the memory's mirror in this process
  uint64_t bytes = 0;      // of the memory
};

// unit: "fcnKernel:{fcnKernel_2}", which pins that compute unit.
XrtHandles open_handles(void* device, const XrtUuid& image, const std::string& unit, uint64_t bytes,
                        bool is_emulated);
void close_handles(const XrtHandles& handles);

}  // namespace xfblas

#endif
