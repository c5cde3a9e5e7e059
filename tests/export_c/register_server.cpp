// The register-level model behind two files, as a board's registers and memory are behind /dev.
//
//   register_server <registers> <memory> <address>
//
// Looks at CONTROL until it is started; ends when the registers' file is gone.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "xfblas_register_model.h"
#include "xfblas_registers.h"

namespace {

void* mapped(const char* path, size_t bytes) {
  const int file = open(path, O_RDWR);
  void* found = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file < 0 || found == MAP_FAILED) {
    std::perror(path);
    std::exit(1);
  }
  return found;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  struct stat state;
  if (stat(arguments[2], &state) != 0) return 1;
  auto* registers = static_cast<volatile uint32_t*>(mapped(arguments[1], XFBLAS_REGISTER_BYTES));
  void* memory = mapped(arguments[2], size_t(state.st_size));
  auto* model =
      xfblas_model_open(memory, size_t(state.st_size), std::strtoull(arguments[3], nullptr, 0));
  registers[0] = XFBLAS_CONTROL_IDLE;
  std::puts("ready");
  std::fflush(stdout);
  while (access(arguments[1], F_OK) == 0) {
    if (!(registers[0] & XFBLAS_CONTROL_START)) {
      usleep(20);
      continue;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint32_t offset = 4; offset <= XFBLAS_REGISTER_AMOUNT; offset += 4)
      if (offset != XFBLAS_REGISTER_INTERRUPT_STATUS)
        xfblas_model_write(model, offset, registers[offset / 4]);
    xfblas_model_write(model, XFBLAS_REGISTER_CONTROL, XFBLAS_CONTROL_START);
    const auto control = xfblas_model_read(model, XFBLAS_REGISTER_CONTROL);
    if (*xfblas_model_error(model)) std::fprintf(stderr, "%s\n", xfblas_model_error(model));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    registers[0] = control;
  }
  xfblas_model_close(model);
  return 0;
}
