// How calls of C give the codings of a prediction's rows.
#ifndef XFBLAS_CODINGS_HPP
#define XFBLAS_CODINGS_HPP

#include "error.hpp"
#include "prediction/prediction.hpp"
#include "xfblas.h"

namespace xfblas {

inline void require_codings(const xfblasCoding_t* coding, const xfblasOutput_t* output) {
  require(coding && output, XFBLAS_STATUS_INVALID_VALUE, coding ? "outputCoding" : "coding",
          " is NULL, expected one");
  require(!coding->clipped || (coding->clipped->counts && coding->clipped->factors),
          XFBLAS_STATUS_INVALID_VALUE,
          "coding.clipped has no counts or no factors, expected one for each feature");
}

inline InputCoding input_coding_of(const xfblasCoding_t* coding) {
  return {coding->features,      coding->scales,       coding->offsets,
          double(coding->limit), double(coding->base), coding->columns};
}

inline OutputCoding output_coding_of(const xfblasOutput_t* output) {
  return {output->columns, output->scales, output->windows,
          output->offset,  output->slope,  output->softmax != 0};
}

}  // namespace xfblas

#endif
