#include "xrt/xrt_unit.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "error.hpp"
#include "xrt/open_devices.hpp"
#include "xrt/runtime.hpp"

namespace xfblas {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Values of enum ert_cmd_state; a run is over from COMPLETED on, except while it is SUBMITTED.
constexpr int completed = 4, errored = 5, submitted = 7;
constexpr std::array state_names = {"?",         "NEW",        "QUEUED",  "RUNNING",
                                    "COMPLETED", "ERROR",      "ABORT",   "SUBMITTED",
                                    "TIMEOUT",   "NORESPONSE", "SKERROR", "SKCRASHED"};

// What a device process needs at most to report a run that it has ended by itself.
constexpr milliseconds drain_time(2000);

// Copying so many bytes that nobody wants takes as long as calling XRT once more.
constexpr uint64_t largest_gap = 64 << 10;

// The mirror may hold what was on the device before.
void clear_gaps(char* mirror, const Rows& rows) {
  for (uint64_t i = 0; i + 1 < rows.count; ++i)
    std::memset(mirror + i * rows.device_step + rows.bytes, 0, rows.gap());
}

bool is_over(int state) { return state >= completed && state != submitted; }

std::string name_of(int state) {
  const bool is_known = state > 0 && size_t(state) < state_names.size();
  return is_known ? state_names[size_t(state)] : "state " + std::to_string(state);
}

// Sleeps a little longer each time, because a waiting thread takes time from an emulated
// kernel.
class BackOff {
 public:
  void pause() {
    if (rounds_++ < busy_rounds) return std::this_thread::yield();
    std::this_thread::sleep_for(sleep_);
    sleep_ = std::min(sleep_ * 2, longest_sleep);
  }

 private:
  static constexpr int busy_rounds = 20;
  static constexpr microseconds longest_sleep{1000};
  int rounds_ = 0;
  microseconds sleep_{20};
};

// True while it lives.
class Running {
 public:
  explicit Running(std::atomic<bool>& flag) : flag_(flag) { flag_ = true; }
  ~Running() { flag_ = false; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::atomic<bool>& flag_;
};

}  // namespace

XrtUnit::XrtUnit(XrtDevice& device, const KernelInstance& instance, uint64_t bytes,
                 const XrtEnvironment& environment)
    : device_(device),
      name_(instance.compute_unit),
      full_name_(instance.kernel + ":{" + name_ + "}"),
      environment_(environment),
      handles_(device.take_handles(full_name_, bytes)) {
  device.add(this);
  if (environment.failure_folder.empty()) return;
  std::ostringstream file;
  file << environment.failure_folder << "/" << getpid() << "-" << device.name().index << "-"
       << std::hex << xrt().xrtBOAddress(handles_.buffer);
  failure_file_ = file.str();
}

XrtUnit::~XrtUnit() {
  device_.remove(this);
  // XRT waits for ever when it closes what a run still uses.
  if (lost_.empty()) device_.keep_handles(full_name_, handles_);
}

bool XrtUnit::end() {
  const auto limit = Clock::now() + drain_time;
  while (is_running_ && Clock::now() < limit) std::this_thread::sleep_for(milliseconds(1));
  if (is_running_ || !lost_.empty()) return false;
  lost_ = "the program ends";
  close_handles(handles_);
  return true;
}

void XrtUnit::write(uint64_t offset, const void* from, const Rows& rows) {
  const auto* source = static_cast<const char*>(from);
  if (rows.gap() > largest_gap) {
    for (uint64_t i = 0; i < rows.count; ++i)
      write(offset + i * rows.device_step, source + i * rows.host_step, one_piece(rows.bytes));
    return;
  }
  char* mirror = handles_.host + offset;
  if (rows.gap() > 0 && !rows.is_padded) copy_from_device(offset, rows.device_bytes());
  if (rows.is_padded) clear_gaps(mirror, rows);
  copy_rows(mirror, rows.device_step, source, rows.host_step, rows);
  xrt_call("copy to the device", xrt().xrtBOSync, handles_.buffer, xrt_to_device,
           rows.device_bytes(), offset);
}

void XrtUnit::read(uint64_t offset, void* to, const Rows& rows) {
  auto* target = static_cast<char*>(to);
  if (rows.gap() > largest_gap) {
    for (uint64_t i = 0; i < rows.count; ++i)
      read(offset + i * rows.device_step, target + i * rows.host_step, one_piece(rows.bytes));
    return;
  }
  copy_from_device(offset, rows.device_bytes());
  copy_rows(target, rows.host_step, handles_.host + offset, rows.device_step, rows);
}

void XrtUnit::copy_from_device(uint64_t offset, uint64_t bytes) {
  xrt_call("copy from the device", xrt().xrtBOSync, handles_.buffer, xrt_from_device, bytes,
           offset);
}

void XrtUnit::run() {
  require(lost_.empty(), XFBLAS_STATUS_EXECUTION_FAILED, "compute unit ", name_,
          " cannot be used any more: ", lost_);
  const Running running(is_running_);
  xrt_call("start " + name_, xrt().xrtRunStart, handles_.run);
  // The first start makes XRT register an end of its own, which ours must come before.
  [[maybe_unused]] static const int registered = OpenDevices::close_at_exit();
  const auto limit = environment_.time_limit;
  int state = wait(limit);
  // The device process has the same limit and ends the run by itself, which takes a moment.
  if (!is_over(state) && environment_.is_emulation()) state = wait(drain_time);
  if (!is_over(state)) lose(state);
  const auto reason = take_failure(state);
  state = xrt().xrtRunWait(handles_.run);  // returns at once, and lets XRT start the run again
  if (state == completed && reason.empty()) return;
  const auto told =
      reason.empty() ? "its time limit is " + std::to_string(limit.count()) + " ms" : reason;
  fail(XFBLAS_STATUS_EXECUTION_FAILED, "compute unit ", name_, " ended in state ",
       name_of(reason.empty() ? state : errored), ": ", told);
}

int XrtUnit::wait(milliseconds limit) const {
  if (!environment_.is_emulation()) {
    xrt().xrtRunWaitFor(handles_.run, unsigned(limit.count()));
    return xrt().xrtRunState(handles_.run);
  }
  // In emulation XRT's own wait does not end at its limit.
  const auto end = Clock::now() + limit;
  BackOff back_off;
  int state = xrt().xrtRunState(handles_.run);
  while (!is_over(state) && Clock::now() < end) {
    back_off.pause();
    state = xrt().xrtRunState(handles_.run);
  }
  return state;
}

// The device process writes the file before it reports anything, and gives it its final name
// when XRT has retired the run, whose state may read as COMPLETED for a moment before that.
std::string XrtUnit::take_failure(int state) {
  if (failure_file_.empty()) return {};
  const auto final_file = failure_file_ + ".over";
  const auto end = Clock::now() + drain_time;
  while (access(failure_file_.c_str(), F_OK) == 0) {
    if (Clock::now() >= end) lose(state);
    std::this_thread::sleep_for(milliseconds(1));
  }
  std::ifstream file(final_file);
  if (!file) return {};
  unlink(final_file.c_str());
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

// What still runs may write to the memory at any time, and XRT cannot take it back.
void XrtUnit::lose(int state) {
  std::ostringstream text;
  text << "compute unit " << name_ << " gave no result within its time limit of "
       << environment_.time_limit.count() << " ms and is in state " << name_of(state)
       << ". Neither it nor " << text_of(device_.name())
       << " can be used again in this process. XFBLAS_TIMEOUT_MS sets the limit";
  lost_ = text.str();
  device_.abandon(lost_);
  fail(XFBLAS_STATUS_EXECUTION_FAILED, lost_);
}

}  // namespace xfblas
