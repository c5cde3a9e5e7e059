// Runs the processes of a dataflow region as fibers, in a fixed order, and keeps their time.
//
// A process runs until a stream that it needs is empty or full; then the next one has its turn.
// When no process can go on, that is a deadlock, and it is reported with what every process
// waits for and how full every stream is. Each process has a clock of its own; items carry the
// cycle at which they were written, so the cycles of a launch come out the same whatever order
// the fibers run in.
#ifndef XFBLAS_SIMULATION_DATAFLOW_HPP
#define XFBLAS_SIMULATION_DATAFLOW_HPP

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "fiber.hpp"
#include "launch.hpp"

namespace xfblas {
namespace simulation {

struct Deadlock : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Leftover : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What the scheduler knows of a stream: its name, and how many items and free places it has.
class Channel {
 public:
  Channel(const char* name, uint32_t depth);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  const std::string& name() const { return name_; }
  void rename(const std::string& name) { name_ = name; }
  bool has_items() const { return items_ > 0; }
  bool has_space() const { return spaces_ > 0; }
  uint32_t depth() const { return depth_; }
  uint32_t items() const { return items_; }
  std::string fill() const {
    return name_ + " " + std::to_string(items_) + "/" + std::to_string(depth_);
  }

 protected:
  Dataflow* const dataflow_;
  std::string name_;
  const uint32_t depth_;
  uint32_t items_ = 0, spaces_;
};

struct Process {
  template <class Body>
  Process(std::string name, uint64_t start, Body&& body)
      : fiber(std::move(name), std::forward<Body>(body)), now(start), first(0) {}

  bool can_run() const {
    return waits_for == nullptr || (for_items ? waits_for->has_items() : waits_for->has_space());
  }

  // Something else than a stream's port keeps the process busy, from its next cycle on.
  void spend(uint64_t cycles) {
    now += cycles + acts;
    acts = false;
  }

  Fiber fiber;
  uint64_t now;    // the cycle this process has reached
  bool acts = false;  // whether it has passed an item in that cycle
  uint64_t first;  // the cycle of its first item
  const Channel* waits_for = nullptr;
  bool for_items = false;
};

// Streams reach a process by reference, everything else by value.
template <class Argument>
struct Held {
  using plain = typename std::remove_reference<Argument>::type;
  using type = typename std::conditional<std::is_base_of<Channel, plain>::value, plain&,
                                         typename std::decay<Argument>::type>::type;
};

class Dataflow {
 public:
  explicit Dataflow(const char* name)
      : name_(name), outer_(Launch::current().region), start_(Launch::current().now) {
    Launch::current().region = this;
  }
  Dataflow(const Dataflow&) = delete;
  Dataflow& operator=(const Dataflow&) = delete;
  ~Dataflow() { Launch::current().region = outer_; }

  template <class Function, class... Arguments>
  void add(const char* name, Function function, Arguments&&... arguments) {
    std::tuple<typename Held<Arguments&&>::type...> held(std::forward<Arguments>(arguments)...);
    processes_.push_back(std::make_unique<Process>(name, start_, [function, held]() mutable {
      call(function, held, std::index_sequence_for<Arguments...>());
    }));
  }

  void run() {
    size_t alive = processes_.size();
    while (alive > 0) {
      bool progress = false;
      for (auto& process : processes_) {
        if (process->fiber.done() || !process->can_run()) continue;
        running_ = process.get();
        process->fiber.resume();
        progress = true;
        alive -= process->fiber.done();
      }
      if (!progress)
        throw Deadlock("deadlock in " + name_ + ": " + waiting() + "streams: " + fills(false));
    }
    finish();
  }

  void wait(const Channel& channel, bool for_items) {
    running_->waits_for = &channel;
    running_->for_items = for_items;
    running_->fiber.pause();
    running_->waits_for = nullptr;
  }

  Process& running() { return *running_; }
  uint64_t start() const { return start_; }
  void attach(Channel& channel) { channels_.push_back(&channel); }
  void detach(Channel& channel) {
    channels_.erase(std::find(channels_.begin(), channels_.end(), &channel));
  }

 private:
  template <class Function, class Tuple, size_t... index>
  static void call(Function& function, Tuple& held, std::index_sequence<index...>) {
    function(std::get<index>(held)...);
  }

  void finish() {
    auto& launch = Launch::current();
    for (const auto& process : processes_) {
      launch.now = std::max(launch.now, process->now);
      if (launch.keeps_spans)
        launch.spans.push_back({process->fiber.name(), process->first, process->now});
    }
    for (const auto* channel : channels_)
      if (channel->has_items())
        throw Leftover("items are left in the streams of " + name_ + ": " + fills(true));
  }

  std::string waiting() const {
    std::string text;
    for (const auto& process : processes_)
      if (!process->fiber.done() && process->waits_for)
        text += process->fiber.name() + " waits for " + (process->for_items ? "an item" : "space") +
                " in " + process->waits_for->fill() + "; ";
    return text;
  }

  std::string fills(bool only_filled) const {
    std::string text;
    for (const auto* channel : channels_)
      if (!only_filled || channel->has_items())
        text += (text.empty() ? "" : ", ") + channel->fill();
    return text;
  }

  const std::string name_;
  Dataflow* const outer_;
  const uint64_t start_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<Channel*> channels_;
  Process* running_ = nullptr;
};

inline Channel::Channel(const char* name, uint32_t depth)
    : dataflow_(Launch::current().region), name_(name), depth_(depth), spaces_(depth) {
  if (!dataflow_) throw std::logic_error(name_ + " is a stream outside of a dataflow region");
  dataflow_->attach(*this);
}
inline Channel::~Channel() { dataflow_->detach(*this); }

}  // namespace simulation
}  // namespace xfblas

#endif
