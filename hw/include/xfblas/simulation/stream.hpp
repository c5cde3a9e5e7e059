// The bounded streams of the simulation, with the interface of hls::stream and
// hls::stream_of_blocks.
#ifndef XFBLAS_SIMULATION_STREAM_HPP
#define XFBLAS_SIMULATION_STREAM_HPP

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dataflow.hpp"

// The checks run every program a second time with each stream as shallow as can be.
#ifdef XFBLAS_STREAM_DEPTH
#define XFBLAS_SIMULATED_DEPTH(depth) XFBLAS_STREAM_DEPTH
#else
#define XFBLAS_SIMULATED_DEPTH(depth) depth
#endif

namespace xfblas {

// One cycle for the register behind the writing stage, one for the FIFO's memory.
constexpr uint64_t stream_latency = 2;

template <class T, int depth = 0>
class stream;

// A stream as processes see it, of whatever depth.
template <class T>
class stream<T, 0> : public simulation::Channel {
 public:
  stream(const char* name, uint32_t depth)
      : Channel(name, depth),
        slots_(depth),
        freed_(depth, dataflow_->start()),
        last_read_(dataflow_->start()),
        last_write_(dataflow_->start()) {}

  T read() {
    if (items_ == 0) dataflow_->wait(*this, true);
    auto& process = dataflow_->running();
    const Slot& slot = slots_[read_at_];
    // A port passes one item a cycle, and none before it was written.
    process.now = last_read_ =
        std::max(std::max(process.now, last_read_ + 1), slot.written + stream_latency);
    process.acts = true;
    if (process.first == 0) process.first = process.now;
    freed_[read_at_] = process.now;
    read_at_ = next(read_at_);
    --items_;
    ++spaces_;
    return slot.value;
  }
  void read(T& value) { value = read(); }

  void write(const T& value) {
    if (spaces_ == 0) dataflow_->wait(*this, false);
    auto& process = dataflow_->running();
    process.now = last_write_ =
        std::max(std::max(process.now, last_write_ + 1), freed_[write_at_] + 1);
    process.acts = true;
    slots_[write_at_].value = value;
    slots_[write_at_].written = process.now;
    write_at_ = next(write_at_);
    --spaces_;
    ++items_;
  }

 private:
  struct Slot {
    T value;
    uint64_t written;
  };
  uint32_t next(uint32_t at) const { return at + 1 == depth_ ? 0 : at + 1; }

  std::vector<Slot> slots_;
  std::vector<uint64_t> freed_;  // the cycle at which a slot was last read
  uint32_t read_at_ = 0, write_at_ = 0;
  uint64_t last_read_, last_write_;
};

template <class T, int depth>
class stream : public stream<T, 0> {
 public:
  explicit stream(const char* name = "stream")
      : stream<T, 0>(name, XFBLAS_SIMULATED_DEPTH(depth)) {}
};

// A ping-pong buffer: whole blocks, written and read in any order while they are held.
// Its depth stays 2 even in the shallow runs, because the hardware has no other.
template <class Block, int count = 2>
class stream_of_blocks : public simulation::Channel {
 public:
  explicit stream_of_blocks(const char* name = "blocks")
      : Channel(name, count),
        blocks_(count),
        filled_(count, dataflow_->start()),
        freed_(count, dataflow_->start()) {}

  Block& acquire_for_writing() {
    if (spaces_ == 0) dataflow_->wait(*this, false);
    --spaces_;
    auto& now = dataflow_->running().now;
    now = std::max(now, freed_[write_at_] + 1);
    return blocks_[write_at_].block;
  }
  void release_written() {
    filled_[write_at_] = dataflow_->running().now;
    write_at_ = (write_at_ + 1) % count;
    ++items_;
  }
  Block& acquire_for_reading() {
    if (items_ == 0) dataflow_->wait(*this, true);
    --items_;
    auto& now = dataflow_->running().now;
    now = std::max(now, filled_[read_at_] + stream_latency);
    return blocks_[read_at_].block;
  }
  void release_read() {
    freed_[read_at_] = dataflow_->running().now;
    read_at_ = (read_at_ + 1) % count;
    ++spaces_;
  }

 private:
  struct Holder {
    Block block;
  };
  std::vector<Holder> blocks_;
  std::vector<uint64_t> filled_, freed_;
  uint32_t read_at_ = 0, write_at_ = 0;
};

template <class Block>
class write_lock {
 public:
  explicit write_lock(stream_of_blocks<Block>& blocks)
      : blocks_(blocks), block_(blocks.acquire_for_writing()) {}
  write_lock(const write_lock&) = delete;
  write_lock& operator=(const write_lock&) = delete;
  ~write_lock() { blocks_.release_written(); }
  auto operator[](size_t index) -> decltype(std::declval<Block&>()[index]) { return block_[index]; }

 private:
  stream_of_blocks<Block>& blocks_;
  Block& block_;
};

template <class Block>
class read_lock {
 public:
  explicit read_lock(stream_of_blocks<Block>& blocks)
      : blocks_(blocks), block_(blocks.acquire_for_reading()) {}
  read_lock(const read_lock&) = delete;
  read_lock& operator=(const read_lock&) = delete;
  ~read_lock() { blocks_.release_read(); }
  auto operator[](size_t index) -> decltype(std::declval<Block&>()[index]) { return block_[index]; }

 private:
  stream_of_blocks<Block>& blocks_;
  Block& block_;
};

// Cycles that pass in the running process for another reason than a stream's port: a memory
// burst's start, an iteration that waits for an adder. No hardware comes of it.
inline void spend(uint64_t cycles) {
  auto& launch = simulation::Launch::current();
  if (launch.region) launch.region->running().spend(cycles);
  else launch.now += cycles;
}

template <class Stream, int count>
void name_streams(Stream (&streams)[count], const char* name) {
  for (int i = 0; i < count; ++i)
    streams[i].rename(std::string(name) + "[" + std::to_string(i) + "]");
}

}  // namespace xfblas

#define XFBLAS_NAME_STREAMS(streams) ::xfblas::name_streams(streams, #streams)
#define XFBLAS_DATAFLOW(name) ::xfblas::simulation::Dataflow dataflow_region(name)
#define XFBLAS_PROCESS(function, ...) dataflow_region.add(#function, function, __VA_ARGS__)
#define XFBLAS_DATAFLOW_END() dataflow_region.run()

#endif
