#include "kernel_process.hpp"

#include <dlfcn.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "memory.hpp"

namespace xfblas::emulation {
namespace {

// The C entry of hw/emu/kernel_library.h.
using RunKernel = int (*)(void* memory, uint64_t bytes, char* message, size_t message_size);

// Address space on both sides of the memory that belongs to nobody: any 32-bit index from
// inside that goes astray ends there.
constexpr uint64_t guard_bytes = uint64_t(4) << 30;
constexpr size_t signal_stack_bytes = 64 << 10;

// The signal handler has no other way to know.
int answer_socket = -1;
const char* memory_begin = nullptr;
uint64_t memory_bytes = 0;

void send_answer(const Answer& answer) {
  send(answer_socket, &answer, sizeof answer, MSG_NOSIGNAL);
}

[[noreturn]] void end_with(const std::string& failure) {
  Answer answer{{}, true};
  std::snprintf(answer.failure, sizeof answer.failure, "%s", failure.c_str());
  send_answer(answer);
  _exit(0);
}

// Nothing of the process can be trusted from here on: it tells what happened and ends.
void on_fault(int signal, siginfo_t* information, void*) {
  Answer answer{{}, true};
  const auto* address = static_cast<const char*>(information->si_addr);
  const int64_t offset = address - memory_begin;
  const bool has_address = signal == SIGSEGV || signal == SIGBUS;
  if (has_address && memory_begin != nullptr && offset >= -int64_t(guard_bytes) &&
      offset < int64_t(memory_bytes + guard_bytes))
    std::snprintf(answer.failure, sizeof answer.failure,
                  "it reached byte %lld of its memory of %llu bytes",
                  static_cast<long long>(offset),
                  static_cast<unsigned long long>(memory_bytes));
  else if (has_address)
    std::snprintf(answer.failure, sizeof answer.failure, "signal %d (%s) at address %p", signal,
                  strsignal(signal), information->si_addr);
  else
    std::snprintf(answer.failure, sizeof answer.failure, "signal %d (%s)", signal,
                  strsignal(signal));
  send_answer(answer);
  _exit(0);
}

void catch_faults() {
  // A stack of its own, because a kernel may have used up the one it runs on.
  static char stack[signal_stack_bytes];
  const stack_t alternate{stack, 0, sizeof stack};
  sigaltstack(&alternate, nullptr);
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    sigaction(signal, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

RunKernel load(const KernelProcess& process) {
  const auto path = "/proc/self/fd/" + std::to_string(process.library);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    end_with(std::string("the image's kernel library cannot be loaded: ") + dlerror());
  const auto entry = "xfblas_run_" + process.kernel;
  void* run = dlsym(library, entry.c_str());
  if (run == nullptr) end_with("the image's kernel library has no " + entry);
  return reinterpret_cast<RunKernel>(run);
}

// The compute unit's memory in this process; kept from launch to launch while it is the same.
class Window {
 public:
  explicit Window(int file) : file_(file) {}

  char* show(const Range& range) {
    if (range.offset == range_.offset && range.bytes == range_.bytes) return begin_;
    if (begin_ != nullptr) munmap(begin_ - guard_bytes, range_.bytes + 2 * guard_bytes);
    void* all = mmap(nullptr, range.bytes + 2 * guard_bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) end_with(std::string("no address space: ") + std::strerror(errno));
    begin_ = static_cast<char*>(all) + guard_bytes;
    range_ = range;
    void* shown = mmap(begin_, range.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                       file_, off_t(range.offset));
    if (shown == MAP_FAILED)
      end_with(std::string("its memory cannot be mapped: ") + std::strerror(errno));
    return begin_;
  }

 private:
  int file_;
  char* begin_ = nullptr;
  Range range_;
};

}  // namespace

void run_kernel_process(const KernelProcess& process) noexcept {
  answer_socket = process.socket;
  // Whatever ends the device process ends this one. It may have ended before the request.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != process.parent) _exit(0);
  catch_faults();
  Window window(process.memory_file);
  RunKernel run = nullptr;
  Range range;
  while (recv(process.socket, &range, sizeof range, 0) == ssize_t(sizeof range)) {
    if (run == nullptr) run = load(process);
    char* memory = window.show(range);
    memory_begin = memory;
    memory_bytes = range.bytes;
    Answer answer{};
    const int failed = run(memory, range.bytes, answer.failure, sizeof answer.failure);
    if (failed == 0)
      answer.failure[0] = 0;
    else if (answer.failure[0] == 0)
      std::snprintf(answer.failure, sizeof answer.failure, "it failed and did not say why");
    send_answer(answer);
  }
  _exit(0);
}

}  // namespace xfblas::emulation
