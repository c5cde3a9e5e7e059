// Tells the host that a run failed: in the run's exec packet, which XRT reads, and with the
// reason in a file, which xfblas reads and removes.
//
// The host's scheduler writes the packet's state too: RUNNING when it has started the unit, and
// COMPLETED when the unit reads as done. So ERROR is written and kept for a while, in which the
// unit reads as busy; then the unit reads as done, so that the scheduler retires the command
// and the unit can be used again; and COMPLETED is turned back into ERROR. The file is there
// before the first ERROR, and is given its final name when all this is over. Where the host
// shares no packets, the file alone tells of the failure.
#ifndef XFBLAS_EMULATION_FAILURE_HPP
#define XFBLAS_EMULATION_FAILURE_HPP

#include <optional>
#include <string>

#include "exec_packet.hpp"
#include "process.hpp"

namespace xfblas::emulation {

class Failure {
 public:
  // registers: of the run that failed. file: where the reason goes, empty for nowhere.
  Failure(ExecPackets& packets, const std::string& registers, const std::string& file,
          const std::string& reason);

  // Does what is due.
  void advance();
  // The scheduler has gone on to its next command: does all that is left.
  void finish();
  // Whether the unit's registers are to say that it has ended.
  bool reads_as_done() const { return step_ != Step::held; }
  // When to advance it again; null once everything has been done.
  std::optional<Clock::time_point> next() const;

 private:
  enum class Step { held, retiring, over };

  void correct();

  ExecPackets& packets_;
  std::string file_;
  std::optional<uint64_t> packet_;
  Step step_ = Step::held;
  Clock::time_point step_ends_;
};

}  // namespace xfblas::emulation

#endif
