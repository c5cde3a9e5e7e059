// What a kernel asks of an instruction before it touches memory.
#ifndef XFBLAS_NATIVE_CHECK_HPP
#define XFBLAS_NATIVE_CHECK_HPP

#include "image/image.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

Status check(const Instruction& instruction, uint32_t memory_pages, Engine engine,
             const Configuration& configuration);

}  // namespace xfblas

#endif
