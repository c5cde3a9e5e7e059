// The vendor's unbounded hls::stream, with the processes called one after the other, as the
// vendor's own C simulation does. It shows no deadlock; it shows that the sources compile
// against the real headers and compute the same.
#ifndef XFBLAS_SIMULATION_SEQUENTIAL_HPP
#define XFBLAS_SIMULATION_SEQUENTIAL_HPP

#include <hls_stream.h>

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <utility>

#include "launch.hpp"

namespace xfblas {

template <class T, int depth = 0>
class stream;
template <class T>
class stream<T, 0> : public hls::stream<T> {
 public:
  explicit stream(const char* name = "stream") : hls::stream<T>(name) {}

  // The vendor's model only prints a warning and goes on with a value of its own.
  T read() {
    if (this->empty()) throw std::runtime_error(this->_name + " is read while it is empty");
    return hls::stream<T>::read();
  }
};
template <class T, int depth>
class stream : public stream<T, 0> {
 public:
  explicit stream(const char* name = "stream") : stream<T, 0>(name) {}
};

template <class Block>
class stream_of_blocks {
 public:
  explicit stream_of_blocks(const char* = "blocks") {}
  Block& append() {
    held_.emplace_back();
    return held_.back().block;
  }
  Block& front() { return held_.front().block; }
  void drop() { held_.pop_front(); }

 private:
  struct Holder {
    Block block;
  };
  std::deque<Holder> held_;
};

template <class Block>
class write_lock {
 public:
  explicit write_lock(stream_of_blocks<Block>& blocks) : block_(blocks.append()) {}
  auto operator[](size_t index) -> decltype(std::declval<Block&>()[index]) { return block_[index]; }

 private:
  Block& block_;
};

template <class Block>
class read_lock {
 public:
  explicit read_lock(stream_of_blocks<Block>& blocks) : blocks_(blocks) {}
  ~read_lock() { blocks_.drop(); }
  auto operator[](size_t index) -> decltype(std::declval<Block&>()[index]) {
    return blocks_.front()[index];
  }

 private:
  stream_of_blocks<Block>& blocks_;
};

inline void spend(uint64_t) {}

}  // namespace xfblas

#define XFBLAS_NAME_STREAMS(streams)
#define XFBLAS_DATAFLOW(name)
#define XFBLAS_PROCESS(function, ...) function(__VA_ARGS__)
#define XFBLAS_DATAFLOW_END()

#endif
