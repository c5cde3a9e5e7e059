// What the native engine found on this machine, and what it has done.
#ifndef XFBLAS_NATIVE_DESCRIBE_HPP
#define XFBLAS_NATIVE_DESCRIBE_HPP

#include "xfblas.h"

namespace xfblas {

xfblasNative_t describe_native();

}  // namespace xfblas

#endif
