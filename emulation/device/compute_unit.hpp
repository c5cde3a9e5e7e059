// A compute unit as the host sees it: control registers, behind which a worker runs the kernel.
#ifndef XFBLAS_EMULATION_COMPUTE_UNIT_HPP
#define XFBLAS_EMULATION_COMPUTE_UNIT_HPP

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exec_packet.hpp"
#include "failure.hpp"
#include "memory.hpp"
#include "metadata.hpp"
#include "process.hpp"
#include "worker.hpp"

namespace xfblas::emulation {

// What all compute units of a card share.
struct Card {
  Memory memory;
  ExecPackets packets;
  int library = -1;            // open file of the image's kernel library
  Milliseconds time_limit{0};  // of a run
  std::string
      failure_prefix;  // start of the path of files that tell why a run failed; or empty
};

class ComputeUnit {
 public:
  ComputeUnit(Card& card, const Instance& instance);

  bool holds(uint64_t address, uint64_t bytes) const;
  void write(uint64_t address, std::string_view bytes);
  std::string read(uint64_t address, uint64_t bytes);

  // Takes a worker's outcome, ends a run that takes too long, and moves a failure on.
  void advance();
  // Readable when advance() has something to do; -1 where no worker runs.
  int descriptor() const { return runs_ ? worker_->descriptor() : -1; }
  // When to call advance() at the latest.
  std::optional<Clock::time_point> next() const;

 private:
  void start();
  void complete();
  void fail(const std::string& reason);
  std::string failure_file() const;
  uint64_t memory_address() const;  // that the host has passed

  Card& card_;
  Instance instance_;
  std::string registers_;
  uint32_t control_;
  std::unique_ptr<Worker> worker_;  // from the first run on
  std::optional<Failure> failure_;
  bool runs_ = false;
  Clock::time_point run_ends_;
};

}  // namespace xfblas::emulation

#endif
