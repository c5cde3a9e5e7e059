#include "compute_unit.hpp"

#include <algorithm>
#include <cstring>
#include <sstream>

namespace xfblas::emulation {
namespace {

// Register 0 of a kernel made by Vitis HLS.
constexpr uint32_t start_bit = 1, done_bit = 2, idle_bit = 4, ready_bit = 8;
constexpr uint64_t register_bytes = 0x1000;
constexpr uint64_t control_bytes = 0x10;  // control registers, before the first argument

template <typename T>
T load(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.substr(offset, sizeof value).data(), sizeof value);
  return value;
}

}  // namespace

ComputeUnit::ComputeUnit(Card& card, const Instance& instance)
    : card_(card), instance_(instance), registers_(register_bytes, '\0'), control_(idle_bit) {}

bool ComputeUnit::holds(uint64_t address, uint64_t bytes) const {
  const uint64_t offset = address - instance_.address;
  return address >= instance_.address && offset < register_bytes &&
         bytes <= register_bytes - offset;
}

void ComputeUnit::write(uint64_t address, std::string_view bytes) {
  const uint64_t offset = address - instance_.address;
  for (uint64_t i = 0; i < bytes.size(); ++i)
    if (offset + i >= control_bytes) registers_[offset + i] = bytes[i];
  const bool writes_control = offset == 0 && bytes.size() >= sizeof control_;
  if (writes_control && load<uint32_t>(bytes, 0) & start_bit && !(control_ & start_bit))
    start();
}

std::string ComputeUnit::read(uint64_t address, uint64_t bytes) {
  const uint64_t offset = address - instance_.address;
  std::string values = registers_.substr(offset, bytes);
  if (offset == 0 && bytes >= sizeof control_) {
    std::memcpy(values.data(), &control_, sizeof control_);
    control_ &= ~(done_bit | ready_bit);  // reading clears them
  }
  return values;
}

void ComputeUnit::start() {
  control_ = start_bit;
  if (failure_) failure_->finish();
  failure_.reset();
  const auto range = card_.memory.range_from(memory_address());
  if (!range) return fail("argument 0 is an address that belongs to no buffer");
  if (worker_ == nullptr || !worker_->is_alive())
    worker_ = std::make_unique<Worker>(card_.library, instance_.kernel, card_.memory.file());
  worker_->start(*range);
  runs_ = true;
  run_ends_ = Clock::now() + card_.time_limit;
}

// Named by the run's memory, because several users of a unit have a memory each.
std::string ComputeUnit::failure_file() const {
  if (card_.failure_prefix.empty()) return {};
  std::ostringstream file;
  file << card_.failure_prefix << std::hex << memory_address();
  return file.str();
}

uint64_t ComputeUnit::memory_address() const {
  return load<uint64_t>(registers_, instance_.argument_offset);
}

void ComputeUnit::complete() { control_ = done_bit | idle_bit | ready_bit; }

void ComputeUnit::fail(const std::string& reason) {
  report(instance_.name + " failed: " + reason);
  failure_.emplace(card_.packets, registers_, failure_file(), reason);
  if (failure_->reads_as_done()) complete();
}

void ComputeUnit::advance() {
  if (failure_) {
    const bool was_done = failure_->reads_as_done();
    failure_->advance();
    if (failure_->reads_as_done() && !was_done) complete();
    return;
  }
  if (!runs_) return;
  if (const auto outcome = worker_->outcome()) {
    runs_ = false;
    outcome->failure.empty() ? complete() : fail(outcome->failure);
  } else if (Clock::now() >= run_ends_) {
    runs_ = false;
    worker_.reset();
    fail("no result within " + std::to_string(card_.time_limit.count()) + " ms");
  }
}

std::optional<Clock::time_point> ComputeUnit::next() const {
  if (failure_) return failure_->next();
  if (runs_) return run_ends_;
  return std::nullopt;
}

}  // namespace xfblas::emulation
