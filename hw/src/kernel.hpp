// The types of this build, from the platform's configuration.
#ifndef XFBLAS_KERNEL_HPP
#define XFBLAS_KERNEL_HPP

#include "top.hpp"
#include "xfblas_configuration.hpp"

namespace xfblas {

using ConfiguredShape =
    Shape<configuration::Element, configuration::word_bytes, configuration::array_rows,
          configuration::array_columns, configuration::tile_rows, configuration::tile_columns,
          configuration::chunk>;

using ConfiguredVectorShape =
    VectorShape<configuration::Element, configuration::word_bytes, configuration::vector_rows,
                configuration::vector_chunk>;

}  // namespace xfblas

// A word of device memory, as the kernels' two ports see it.
using DdrWord = xfblas::ConfiguredShape::Word;

#endif
