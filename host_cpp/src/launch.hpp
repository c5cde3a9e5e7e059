// Runs a list of instructions on a compute unit, in as many launches as its page 0 needs.
#ifndef XFBLAS_LAUNCH_HPP
#define XFBLAS_LAUNCH_HPP

#include <vector>

#include "program.hpp"
#include "target.hpp"

namespace xfblas {

// slots: instructions that the image takes in a launch, control words included.
void launch(Target& target, uint32_t compute_unit, uint32_t slots,
            const std::vector<Operation>& operations);

}  // namespace xfblas

#endif
