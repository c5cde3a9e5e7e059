// A process that runs one compute unit's kernel, so that units run side by side and whatever a
// kernel does wrong ends this process alone.
#ifndef XFBLAS_EMULATION_WORKER_HPP
#define XFBLAS_EMULATION_WORKER_HPP

#include <sys/types.h>

#include <optional>
#include <string>

#include "memory.hpp"

namespace xfblas::emulation {

// How a launch ended; an empty text is success.
struct Outcome {
  std::string failure;
};

class Worker {
 public:
  // Forks; the library is an open file. It is loaded by the process, which reports a failure to
  // do so as the outcome of its first launch.
  Worker(int library, const std::string& kernel, int memory_file);
  // Kills the process, whether or not it runs a kernel.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Readable when a launch has ended.
  int descriptor() const { return descriptor_; }
  // False after the process ended; it then serves no further launch.
  bool is_alive() const { return is_alive_; }

  void start(const Range& memory);
  // Null while the kernel runs.
  std::optional<Outcome> outcome();

 private:
  int descriptor_;
  pid_t process_;
  bool is_alive_ = true;
};

}  // namespace xfblas::emulation

#endif
