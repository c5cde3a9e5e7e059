// The image's EMBEDDED_METADATA: which compute units there are, and where their registers lie.
#ifndef XFBLAS_EMULATION_METADATA_HPP
#define XFBLAS_EMULATION_METADATA_HPP

#include <cstdint>
#include <string>
#include <vector>

namespace xfblas::emulation {

struct Instance {
  std::string kernel;            // fcnKernel
  std::string name;              // fcnKernel_1
  uint64_t address = 0;          // of its registers
  uint64_t argument_offset = 0;  // of the register that holds argument 0
};

std::vector<Instance> instances_of(const std::string& xml);

}  // namespace xfblas::emulation

#endif
