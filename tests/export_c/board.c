/* What a board's address map does before main: registers and memory at fixed addresses. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static void place(const char *variable, unsigned long address, size_t bytes) {
  const int file = open(getenv(variable), O_RDWR);
  void *at = mmap((void *)address, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
  if (file < 0 || at == MAP_FAILED) {
    perror(variable);
    exit(3);
  }
}

__attribute__((constructor)) static void board(void) {
  place("BOARD_REGISTERS", XFBLAS_BASE, 4096);
  place("BOARD_MEMORY", XFBLAS_MEMORY_BASE, XFBLAS_MEMORY_BYTES);
}
