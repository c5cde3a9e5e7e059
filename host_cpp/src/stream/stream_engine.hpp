// What computes a streaming network: kernels on a device, or this CPU in their place.
#ifndef XFBLAS_STREAM_ENGINE_HPP
#define XFBLAS_STREAM_ENGINE_HPP

#include <cstdint>
#include <memory>
#include <vector>

#include "target/target.hpp"

namespace xfblas {

// Of integers: s = sum / 2^shift with sum_bits of fraction, x with activation_bits.
struct StreamFormat {
  uint32_t shift = 0, sum_bits = 0, activation_bits = 0;
};

// Weights of a layer, checked: inputs x outputs, row by row.
struct StreamPayload {
  const void *weights, *biases;
  StreamFormat format;
};

// Where the outputs of a layer go; null for what nobody wants.
struct StreamResult {
  void *sums, *activations;
};

class StreamEngine {
 public:
  virtual ~StreamEngine() = default;
  virtual void load(const std::vector<StreamPayload>& layers) = 0;
  virtual void run(const void* rows, uint64_t count, const std::vector<StreamResult>& results) = 0;
};

// On the first compute unit of an opened target; csim and xrt.
std::unique_ptr<StreamEngine> make_kernel_engine(Target& target,
                                                 const Configuration& configuration);
// On this CPU's vectors and threads. Integers are multiplied by the native target's engine.
std::unique_ptr<StreamEngine> make_native_engine(Target& target,
                                                 const Configuration& configuration);

}  // namespace xfblas

#endif
