/* What statuses mean, in words. */
#include "xfblas_model.h"

const char *xfblas_error_text(int status) {
  switch (status) {
    case XFBLAS_OK: return "no error";
    case XFBLAS_ERROR_ARGUMENT: return "an argument is NULL, or the platform lacks a function";
    case XFBLAS_ERROR_ALIGNMENT:
      return "a buffer is misaligned: floats need 4 bytes, blobs 8, the platform's memory 4096";
    case XFBLAS_ERROR_NOT_READY: return "no weights were loaded: call xfblas_init first";
    case XFBLAS_ERROR_BUSY:
      return "another prediction or load is under way: try again when it has ended";
    case XFBLAS_ERROR_MAGIC: return "the blob was not written by xfblas export-c";
    case XFBLAS_ERROR_VERSION:
      return "the blob has another version than this program: export the model again";
    case XFBLAS_ERROR_SIZE: return "the blob has another size than its header says";
    case XFBLAS_ERROR_CRC: return "the blob is corrupt: its CRC does not fit its content";
    case XFBLAS_ERROR_CONTENT: return "the blob is wrong: its numbers contradict each other";
    case XFBLAS_ERROR_SHAPE:
      return "the blob is of a model with other inputs, outputs or element types";
    case XFBLAS_ERROR_MEMORY:
      return "the blob does not fit: it needs two halves of the platform's memory, or more "
             "parameters than this program was built for";
    case XFBLAS_ERROR_NOT_FINITE: return "an input is infinite or not a number";
    case XFBLAS_ERROR_TIMEOUT:
      return "the kernel did not end in time: is the bitstream loaded, and its clock running?";
    case XFBLAS_ERROR_KERNEL:
      return "the kernel refused an instruction: kernel_status says why";
    case XFBLAS_ERROR_DMA: return "the DMA reported an error";
    case XFBLAS_ERROR_PLATFORM: return "the device or its memory could not be opened";
    case XFBLAS_ERROR_ARITHMETIC:
      return "built with options that change how floats are rounded: use -ffp-contract=off, and "
             "no -ffast-math";
    default: return "unknown status";
  }
}
