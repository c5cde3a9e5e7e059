/* What a kernel library for this CPU exports, besides the kernel itself. Plain C.
 *
 * A library holds one kernel, called NAME below: fcnKernel, gemmKernel or gemvKernel. It has no
 * state between calls, so several threads may run it at once, each on a memory of its own. No
 * C++ exception leaves it.
 */
#ifndef XFBLAS_KERNEL_LIBRARY_H
#define XFBLAS_KERNEL_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The cycles of a launch by the cycle-approximate run. */
struct xfblas_cycles {
  uint64_t launch; /* from the start to the last result */
  uint64_t array; /* from the array's first operand to its last sum, added up over instructions */
};

/* int xfblas_run_NAME(void* memory, uint64_t bytes, char* message, size_t message_size);
 *
 * One launch: runs the instructions of page 0 of `memory` and writes page 1. Returns 0, or 1
 * after a deadlock, items left in a stream or a memory of less than two pages; then `message`
 * says which, cut to message_size. Touches nothing beyond `bytes`, whatever the instructions say.
 */
typedef int (*xfblas_run_kernel)(void* memory, uint64_t bytes, char* message, size_t message_size);

/* int xfblas_measure_NAME(void* memory, uint64_t bytes, struct xfblas_cycles* cycles,
 *                         char* message, size_t message_size);
 *
 * The same, and the cycles it took. After a launch that did not fail, `message` holds a line
 * "process first last" for each process of each instruction, in cycles.
 */
typedef int (*xfblas_measure_kernel)(void* memory, uint64_t bytes, struct xfblas_cycles* cycles,
                                     char* message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif
