// A streaming network: an image of one kernel for each layer, whose weights stay on chip.
#ifndef XFBLAS_STREAM_STREAM_HPP
#define XFBLAS_STREAM_STREAM_HPP

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "stream/stream_engine.hpp"

namespace xfblas {

// What a caller has for a network, whose sizes must be the image's.
struct StreamWeights {
  const uint32_t* sizes;
  uint32_t size_count;
  const void* const* weights;  // for each layer inputs x outputs, row by row
  const void* const* biases;   // float, or int32 with integers
  const xfblasStreamFormat_t* formats;
};

class Stream {
 public:
  Stream(std::unique_ptr<StreamEngine> engine, const Configuration& configuration)
      : configuration_(configuration), engine_(std::move(engine)) {}

  const std::vector<StreamLayer>& layers() const { return configuration_.stream_layers; }
  // Each fails with the argument and its value, and then changes nothing.
  void load(const StreamWeights& weights);
  // sums, activations: for each layer where they go, or null for what nobody wants.
  void run(const void* rows, uint64_t count, uint32_t columns, void* const* sums,
           void* const* activations);
  void unload();

 private:
  void require_sizes(const StreamWeights& weights) const;
  StreamFormat format_of(uint32_t layer, const StreamWeights& weights) const;

  const Configuration configuration_;
  std::unique_ptr<StreamEngine> engine_;
  std::mutex mutex_;  // a network does one thing at a time
  bool is_loaded_ = false;
};

}  // namespace xfblas

#endif
