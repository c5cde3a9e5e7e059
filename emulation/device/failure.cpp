#include "failure.hpp"

#include <cstdio>
#include <fstream>

namespace xfblas::emulation {
namespace {

// Longer than a waiting host sleeps between two looks at the state.
constexpr Milliseconds held_time(5);
constexpr Milliseconds look_again(1);
// The scheduler sees a unit that reads as done within microseconds, if it runs at all.
constexpr Milliseconds retiring_time(500);
constexpr char final_suffix[] = ".over";

}  // namespace

Failure::Failure(ExecPackets& packets, const std::string& registers, const std::string& file,
                 const std::string& reason)
    : packets_(packets), file_(file), packet_(packets.find(registers)) {
  if (!file_.empty()) std::ofstream(file_) << reason;
  step_ends_ = Clock::now() + held_time;
  if (packet_)
    packets_.set_state(*packet_, PacketState::error);
  else
    finish();
}

void Failure::advance() {
  if (step_ == Step::over) return;
  const auto state = packet_ ? packets_.state(*packet_) : std::nullopt;
  correct();
  const bool is_due = Clock::now() >= step_ends_;
  if (step_ == Step::held && is_due) {
    step_ = Step::retiring;
    step_ends_ = Clock::now() + retiring_time;
  } else if (step_ == Step::retiring && (is_due || !state || state == PacketState::completed)) {
    finish();
  }
}

// NEW and QUEUED are left as they are: the host is about to use the packet for its next run.
void Failure::correct() {
  const auto state = packet_ ? packets_.state(*packet_) : std::nullopt;
  if (state == PacketState::running || state == PacketState::completed)
    packets_.set_state(*packet_, PacketState::error);
}

void Failure::finish() {
  if (step_ == Step::over) return;
  correct();
  step_ = Step::over;
  if (!file_.empty()) std::rename(file_.c_str(), (file_ + final_suffix).c_str());
}

std::optional<Clock::time_point> Failure::next() const {
  switch (step_) {
    case Step::held:
      return Clock::now() + look_again;
    case Step::retiring:
      return Clock::now();  // at once: nobody should see COMPLETED
    default:
      return std::nullopt;
  }
}

}  // namespace xfblas::emulation
