// Which device to open: by its index, or a card by its address on the PCI bus (BDF).
#ifndef XFBLAS_DEVICE_NAME_HPP
#define XFBLAS_DEVICE_NAME_HPP

#include <cstdint>
#include <string>

namespace xfblas {

struct DeviceName {
  uint32_t index = 0;  // without meaning where bdf is given
  std::string bdf;     // such as 0000:65:00.1, or empty
};

constexpr char bdf_example[] =
    "domain:bus:device.function of a card, such as 0000:65:00.1 or 65:00.1";

// As XRT and the kernel write it: in lower case and with its domain. Fails where it is no BDF.
std::string canonical_bdf(const std::string& text);

}  // namespace xfblas

#endif
