#include "worker.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernel_process.hpp"
#include "process.hpp"

namespace xfblas::emulation {
namespace {

std::string end_of(pid_t process) {
  int status = 0;
  waitpid(process, &status, 0);
  if (WIFSIGNALED(status))
    return std::string("its process was ended by signal ") + std::to_string(WTERMSIG(status)) +
           " (" + strsignal(WTERMSIG(status)) + ")";
  return "its process ended with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Worker::Worker(int library, const std::string& kernel, int memory_file) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    die(std::string("cannot talk to a compute unit: ") + std::strerror(errno));
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ < 0) die(std::string("cannot start a compute unit: ") + std::strerror(errno));
  if (process_ == 0) {
    close_files_except({ends[1], library, memory_file});
    run_kernel_process({ends[1], library, memory_file, kernel, parent});
  }
  close(ends[1]);
  descriptor_ = ends[0];
}

Worker::~Worker() {
  close(descriptor_);
  if (!is_alive_) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void Worker::start(const Range& memory) {
  // A failure shows as the end of the socket, which outcome() reports.
  send(descriptor_, &memory, sizeof memory, MSG_NOSIGNAL);
}

std::optional<Outcome> Worker::outcome() {
  Answer answer;
  const auto received = recv(descriptor_, &answer, sizeof answer, MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (received != sizeof answer) {
    is_alive_ = false;
    return Outcome{end_of(process_)};
  }
  if (answer.is_last) {
    is_alive_ = false;
    waitpid(process_, nullptr, 0);
  }
  return Outcome{answer.failure};
}

}  // namespace xfblas::emulation
