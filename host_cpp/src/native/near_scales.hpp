// An input coding in single precision.
#ifndef XFBLAS_NATIVE_NEAR_SCALES_HPP
#define XFBLAS_NATIVE_NEAR_SCALES_HPP

#include <vector>

#include "prediction/prediction.hpp"

namespace xfblas {

class NearScales {
 public:
  explicit NearScales(const InputCoding& coding);

  // Null where single precision would be too far off to be of use.
  const NearCoding* coding() const { return is_near_ ? &near_ : nullptr; }

 private:
  std::vector<float> scales_, shifts_;
  NearCoding near_{};
  bool is_near_;
};

}  // namespace xfblas

#endif
