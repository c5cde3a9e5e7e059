// Whether an image may be given to XRT, which itself accepts images for other devices in
// silence.
#ifndef XFBLAS_XRT_IMAGE_CHECK_HPP
#define XFBLAS_XRT_IMAGE_CHECK_HPP

#include <vector>

#include "image/image.hpp"
#include "xrt/environment.hpp"

namespace xfblas {

// Fails with a text that names both the image's side and the device's.
void require_suitable(const Image& image, const std::vector<KernelInstance>& compute_units,
                      const XrtEnvironment& environment);

}  // namespace xfblas

#endif
