// The image that is taken where none is named.
#ifndef XFBLAS_PACKAGED_IMAGE_HPP
#define XFBLAS_PACKAGED_IMAGE_HPP

#include <string>

namespace xfblas {

// Path of default_short.xclbin; an Error names the folders where it was looked for.
std::string packaged_image();

}  // namespace xfblas

#endif
