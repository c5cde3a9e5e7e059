// One table of kernels for each instruction set; null where this build's CPU family has none.
#ifndef XFBLAS_NATIVE_ISA_TABLES_HPP
#define XFBLAS_NATIVE_ISA_TABLES_HPP

#include "native/kernels.hpp"

namespace xfblas {

const Kernels* avx512_vnni_kernels();
const Kernels* avx512_kernels();
const Kernels* avx2_kernels();
const Kernels* portable_kernels();

}  // namespace xfblas

#endif
