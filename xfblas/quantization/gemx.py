"""The scheme of the public library's own helper script, wraps and all: ``method="gemx"``.

With m for the largest size of a layer's values and M for 2**bits, every scale is M / (2 * m): of
the inputs (S_0), of each layer's weights (S_w) and of its sums (S_i). A layer then needs

    postScale / 2**postShift = S_i / (S_w * S_(i-1)), the last one 1 / (S_w * S_(i-1))      (1)

and takes the nearest i * 2**-j with i from 1 to 6 and j from 1 to 32. What that misses is not
passed on: biases are scaled by S_w * S_(i-1) as if (1) were met. The last layer's output has the
scale 1, so its fractions are lost. M / 2 is one more than the largest element: the largest positive
weight or input wraps to the most negative element. For comparisons; nobody should want it.
"""

import numpy as np

from xfblas.arrays import as_rows
from xfblas.errors import InvalidValueError
from xfblas.graph import Network
from xfblas.quantization.instruction_fields import prelu_fields, wrap
from xfblas.quantization.layers import LEGACY, QuantizedLayer, QuantizedNetwork

LARGEST_SCALE = 6
LARGEST_SHIFT = 32


def quantize_gemx(network: Network, rows, bits: int = 16) -> QuantizedNetwork:
    """Quantizes as the public library's script does.

    Args:
        network: float layers.
        rows: (m, k) typical inputs.
        bits: 16 or 8, of an element.

    Raises:
        InvalidValueError: rows are empty, all 0, not finite, or of another width.
    """
    network = network.without_center()
    rows = as_rows("calibration", rows, network.input_units, np.float32)
    if len(rows) == 0:
        raise InvalidValueError("calibration has no rows, expected 1 or more")
    whole = 2.0**bits
    input_scale = _scale("the calibration rows", rows, whole)
    element = np.int16 if bits == 16 else np.int8
    scale_before, current, layers = input_scale, rows, []
    for index, layer in enumerate(network.layers):
        sums = current @ layer.kernel + layer.bias
        weight_scale = _scale(f"the kernel of layer {layer.name}", layer.kernel, whole)
        is_last = index + 1 == len(network.layers)
        scale = 1.0 if is_last else _scale(f"the sums of layer {layer.name}", sums, whole)
        layers.append(
            QuantizedLayer(
                layer.name,
                wrap(layer.kernel * weight_scale, element),
                wrap(layer.bias * (weight_scale * scale_before), np.int32),
                *nearest_post(scale / (weight_scale * scale_before)),
                *prelu_fields(layer.activation, layer.negative_slope),
            )
        )
        current, scale_before = layer.activate(sums), scale
    return QuantizedNetwork(
        tuple(layers),
        LEGACY,
        np.full(network.input_units, input_scale),
        1.0,
        network.output_activation,
        input_wraps=True,
    )


def nearest_post(ratio: float) -> tuple[int, int]:
    """postScale and postShift of the nearest i * 2**-j; of equals the larger, with the least i."""
    choices = {
        scale * 2.0**-shift: (scale, shift)
        for scale in range(LARGEST_SCALE, 0, -1)
        for shift in range(LARGEST_SHIFT, 0, -1)
    }
    return choices[min(choices, key=lambda value: abs(value - ratio))]


def _scale(name: str, values: np.ndarray, whole: float) -> float:
    largest = float(np.abs(values).max())
    if largest == 0:
        raise InvalidValueError(
            f"{name} are all 0, expected another value: method 'gemx' divides by the largest"
        )
    return whole / (2 * largest)
