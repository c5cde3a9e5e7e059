// What the kernels use of Vitis HLS's stream_of_blocks, declared only.
#ifndef HLS_STREAMOFBLOCKS_INTERFACE_H
#define HLS_STREAMOFBLOCKS_INTERFACE_H

namespace hls {

template <class T>
T value();

template <class Block, int depth = 2>
class stream_of_blocks {
 public:
  stream_of_blocks();
  explicit stream_of_blocks(const char* name);
};

template <class Block>
class write_lock {
 public:
  explicit write_lock(stream_of_blocks<Block>& blocks);
  ~write_lock();
  auto operator[](unsigned long index) -> decltype(value<Block&>()[index]);
};

template <class Block>
class read_lock {
 public:
  explicit read_lock(stream_of_blocks<Block>& blocks);
  ~read_lock();
  auto operator[](unsigned long index) -> decltype(value<Block&>()[index]);
};

}  // namespace hls

#endif
