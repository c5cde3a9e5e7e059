// The worker's own side: loads the kernel library, and runs the kernel over the memory it is
// told.
#ifndef XFBLAS_EMULATION_KERNEL_PROCESS_HPP
#define XFBLAS_EMULATION_KERNEL_PROCESS_HPP

#include <sys/types.h>

#include <string>

namespace xfblas::emulation {

struct KernelProcess {
  int socket;  // takes a Range for each launch, gives an Answer for each
  int library;
  int memory_file;
  std::string kernel;
  pid_t parent;
};

struct Answer {
  char failure[511];  // empty where the launch succeeded
  bool is_last;       // the process ends after this one
};

// An exception that a kernel lets out ends it as abort() does.
[[noreturn]] void run_kernel_process(const KernelProcess& process) noexcept;

}  // namespace xfblas::emulation

#endif
