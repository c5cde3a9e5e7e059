#include "failure.hpp"

#include <unistd.h>

#include <fstream>

namespace xfblas::emulation {
namespace {

// Longer than a waiting host sleeps between two looks at the state.
constexpr Milliseconds held_time(20);
constexpr Milliseconds look_again(1);
// The scheduler sees a unit that reads as done within microseconds, if it runs at all.
constexpr Milliseconds retiring_time(500);

}  // namespace

Failure::Failure(ExecPackets& packets, const std::string& registers, const std::string& file,
                 const std::string& reason)
    : packets_(packets), file_(file), packet_(packets.find(registers)) {
  if (!file_.empty()) std::ofstream(file_) << reason;
  step_ends_ = Clock::now() + held_time;
  if (packet_) packets_.set_state(*packet_, PacketState::error);
}

void Failure::advance() {
  const auto now = Clock::now();
  const auto state = packet_ ? packets_.state(*packet_) : std::nullopt;
  switch (step_) {
    case Step::held:
      if (state && *state != PacketState::error)
        packets_.set_state(*packet_, PacketState::error);
      if (now < step_ends_) break;
      step_ = Step::retiring;
      step_ends_ = now + retiring_time;
      break;
    case Step::retiring:
      if (state == PacketState::completed) packets_.set_state(*packet_, PacketState::error);
      if (state == PacketState::completed || !state || now >= step_ends_) end();
      break;
    case Step::over: break;
  }
}

void Failure::end() {
  step_ = Step::over;
  if (!file_.empty()) unlink(file_.c_str());
}

std::optional<Clock::time_point> Failure::next() const {
  switch (step_) {
    case Step::held: return Clock::now() + look_again;
    case Step::retiring: return Clock::now();  // at once: nobody should see COMPLETED
    default: return std::nullopt;
  }
}

}  // namespace xfblas::emulation
