// What the environment says about the devices that XRT will open: cards, or an emulation.
#ifndef XFBLAS_XRT_ENVIRONMENT_HPP
#define XFBLAS_XRT_ENVIRONMENT_HPP

#include <chrono>
#include <cstdint>
#include <string>

namespace xfblas {

enum class XrtMode { hardware, hardware_emulation, software_emulation };

struct XrtEnvironment {
  XrtMode mode = XrtMode::hardware;
  // Of the emulated cards, and how many there are; empty and 0 where nothing says it.
  std::string platform;
  uint32_t device_count = 0;
  // Where xfblas's own device process tells why a run failed; empty if there is none.
  std::string failure_folder;
  std::chrono::milliseconds time_limit{60'000};  // of a run
  uint64_t arena_bytes = 0;                      // of memory for each compute unit, at most

  bool is_emulation() const { return mode != XrtMode::hardware; }
};

// Fails where a variable has a value that cannot be used, or an emulation is not set up.
XrtEnvironment read_environment();

}  // namespace xfblas

#endif
