#include "device/compute_unit.hpp"

#include <unistd.h>

#include <utility>

#include "error.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

}  // namespace

ComputeUnit::ComputeUnit(Target& target, uint32_t index, Engine engine,
                         const Configuration& configuration)
    : target_(target),
      index_(index),
      engine_(engine),
      configuration_(configuration),
      maker_(engine, configuration),
      map_maker_(maker_, engine, configuration),
      matrices_(index, target.pages(index)),
      counted_pages_(matrices_),
      transfer_(target, index, configuration),
      launcher_(target, index, configuration.instructions_per_launch) {}

ComputeUnit::~ComputeUnit() {
  forget_if_forked();
  if (started_.valid()) started_.wait();
}

void ComputeUnit::forget_if_forked() {
  if (!started_.valid() || started_by_ == getpid()) return;
  // Whoever destroys it waits for the thread, so nobody does.
  new std::future<void>(std::move(started_));
  failure_ = std::make_exception_ptr(
      Error(XFBLAS_STATUS_EXECUTION_FAILED,
            "a program that was started ran while this process was forked, and stayed behind"));
  queue_.mark_queued_from(started_from_);
}

std::unique_lock<std::mutex> ComputeUnit::idle() {
  std::unique_lock<std::mutex> lock(mutex_);
  forget_if_forked();
  if (started_.valid()) {
    try {
      started_.get();
    } catch (...) {
      failure_ = std::current_exception();
      queue_.mark_queued_from(started_from_);
    }
  }
  return lock;
}

void ComputeUnit::report_failure() {
  if (const auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
}

void ComputeUnit::free_instructions() {
  const auto lock = idle();
  queue_.clear();
  counted_pages_.begin_program();
}

void ComputeUnit::require_live(const std::vector<Operation>& operations) const {
  for (size_t i = 0; i < operations.size(); ++i)
    for (const auto id : operations[i].matrix_ids)
      require(id == 0 || matrices_.is_live(id), XFBLAS_STATUS_NOT_FOUND, "instruction ", i,
              " of the program uses a matrix that was freed after it was queued: free the "
              "instructions and queue them again");
}

void ComputeUnit::run_pending() {
  const auto operations = queue_.pending();
  require_live(operations);
  clear_blank();
  launcher_.run(operations);
  queue_.mark_executed();
}

void ComputeUnit::append(const Operation& operation) {
  drop_void();
  queue_.append(operation);
}

void ComputeUnit::drop_void() {
  queue_.drop_queued([&](const Operation& operation) {
    const auto result = operation.matrix_ids[2];
    return result != 0 && !matrices_.is_live(result);
  });
}

void ComputeUnit::run_queued() {
  drop_void();
  if (queue_.has_queued()) run_pending();
}

void ComputeUnit::flush() {
  const auto lock = idle();
  report_failure();
  run_queued();
}

void ComputeUnit::execute() {
  const auto lock = idle();
  report_failure();
  require(!queue_.empty(), invalid, "no instruction is queued on compute unit ", index_,
          ": queue an operation before executing");
  run_pending();
}

void ComputeUnit::require_startable() {
  const auto lock = idle();
  report_failure();
  require_live(queue_.pending());
}

void ComputeUnit::start() {
  const auto lock = idle();
  report_failure();
  if (queue_.empty()) return;
  auto operations = queue_.pending();
  require_live(operations);
  clear_blank();
  started_from_ = queue_.executed();
  queue_.mark_executed();
  started_by_ = getpid();
  started_ = std::async(std::launch::async,
                        [this, operations = std::move(operations)] { launcher_.run(operations); });
}

void ComputeUnit::synchronize() {
  const auto lock = idle();
  report_failure();
}

void ComputeUnit::read_stamps(unsigned long long* stamps, uint32_t instructions) {
  const auto lock = idle();
  report_failure();
  const auto most = configuration_.instructions_per_launch - 1;
  require(instructions > 0 && instructions <= most, invalid, "numInstructions is ", instructions,
          ", expected 1 to ", most, ", which a launch of this image holds");
  // The first slot belongs to the control word.
  std::vector<Result> results(instructions + 1);
  transfer_.read_bytes(result_page, results.data(), results.size() * sizeof(Result));
  for (uint32_t i = 0; i < instructions; ++i) {
    const bool has_run = i < launcher_.last_count();  // else another launch's
    stamps[2 * i] = has_run ? results[i + 1].start : 0;
    stamps[2 * i + 1] = has_run ? results[i + 1].end : 0;
  }
}

bool ComputeUnit::has_program() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !queue_.empty();
}

}  // namespace xfblas
