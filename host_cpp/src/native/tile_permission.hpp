// Whether this process may use AMX.
#ifndef XFBLAS_NATIVE_TILE_PERMISSION_HPP
#define XFBLAS_NATIVE_TILE_PERMISSION_HPP

#include <string>

#include "native/kernels.hpp"

namespace xfblas {

// Empty where `amx`, which is null where it was not built, may be used; else why not. Asks the
// system once for the process, its later threads and its children.
const std::string& why_without_tiles(const Kernels* amx);

}  // namespace xfblas

#endif
