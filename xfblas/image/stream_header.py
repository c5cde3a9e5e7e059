"""The C header of a streaming network: its constants, and load, run and unload in its sizes."""

from .stream_network import StreamNetwork

HEADER = """\
/* Made by xfblas for a streaming MLP of {sizes_text}: its constants, and its three calls. */
#ifndef XFBLAS_STREAM_MLP_H
#define XFBLAS_STREAM_MLP_H

#include <stdint.h>
#include <string.h>

#include "xfblas.h"

{constants}
#define STREAM_LAYERS {count}

typedef {element} stream_element; /* of rows, weights, s and x */
typedef {bias} stream_bias;

static const unsigned int stream_sizes[STREAM_LAYERS + 1] = {{{sizes}}};

/* Where each of a run's outputs goes: rows of the layer's size, or NULL for what is not wanted. */
typedef struct {{
{outputs}
}} stream_outputs;

/* Opens an image and puts weights (inputs x outputs, row by row) and biases on chip.
 * formats: of integers, one for each layer; NULL in float. */
static inline xfblasStatus_t stream_load(xfblasHandle_t *handle, const char *image,
                                         const char *target,
                                         const stream_element *const weights[STREAM_LAYERS],
                                         const stream_bias *const biases[STREAM_LAYERS],
                                         const xfblasStreamFormat_t *formats) {{
  xfblasStatus_t status = xfblasCreate(handle, image, NULL, "Stream", 1, target, 0);
  if (status != XFBLAS_STATUS_SUCCESS) return status;
  return xfblasStreamLoad(*handle, stream_sizes, STREAM_LAYERS + 1, (const void *const *)weights,
                          (const void *const *)biases, formats);
}}

static inline xfblasStatus_t stream_run(xfblasHandle_t handle, const stream_element *rows,
                                        unsigned long long count, const stream_outputs *outputs) {{
  void *const sums[STREAM_LAYERS] = {{{sums}}};
  void *const activations[STREAM_LAYERS] = {{{activations}}};
  return xfblasStreamRun(handle, rows, count, SIZE_LAYER_0, sums, activations);
}}

static inline xfblasStatus_t stream_unload(xfblasHandle_t *handle) {{
  return xfblasDestroy(handle);
}}

#endif
"""


def c_header(network: StreamNetwork) -> str:
    """The text of ``stream_mlp.h`` for programs that know the network by its constants."""
    numbers = range(1, len(network.layers) + 1)
    is_float = network.data_type == "float"
    return HEADER.format(
        sizes_text="-".join(map(str, network.sizes)),
        constants="\n".join(
            f"#define SIZE_LAYER_{i} {size}" for i, size in enumerate(network.sizes)
        ),
        count=len(network.layers),
        element="float" if is_float else "int16_t",
        bias="float" if is_float else "int32_t",
        sizes=", ".join(f"SIZE_LAYER_{i}" for i in range(len(network.sizes))),
        outputs="\n".join(
            f"  stream_element *s{number}, *x{number}; /* SIZE_LAYER_{number} columns */"
            for number in numbers
        ),
        sums=", ".join(f"outputs->s{number}" for number in numbers),
        activations=", ".join(f"outputs->x{number}" for number in numbers),
    )
