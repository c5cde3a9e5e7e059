"""Columns that hold one number always, whose weights in the next layer carry more than X can.

X has 32 bits. What it has to hold grows with the steps of the sums, by the offsets of windows and
by zero points times sums of weights, and where it is full the weights lose their bits. A column of
the layer before whose weights are 0 holds the number v that its X gives, so a weight q in its row
of the next layer adds v * q to each sum, and c such columns add c * v * 32767 to what X can hold.
"""

import numpy as np

from xfblas.quantization.bounds import shifted
from xfblas.quantization.layers import QuantizedLayer
from xfblas.quantization.scales import BIAS_MAX

#: More columns than this would cost more than the bits that they give are worth.
MOST_CONSTANTS = 8


def constant_held(layer: QuantizedLayer, bits: int) -> tuple[int, int]:
    """v, the largest number that a column without weights can hold, and the X that gives it."""
    largest = 2 ** (bits - 1) - 1
    step = 2.0**layer.post_shift / layer.post_scale
    addend = np.array([min(int(largest * step), BIAS_MAX)])
    return int(shifted(addend, layer.post_scale, layer.post_shift, True)[0]), int(addend[0])


def with_constants(layer: QuantizedLayer, count: int, addend: int) -> QuantizedLayer:
    """The layer with ``count`` columns more, without weights and with this X."""
    empty = np.zeros((len(layer.weights), count), layer.weights.dtype)
    return QuantizedLayer(
        layer.name,
        np.hstack([layer.weights, empty]),
        np.concatenate([layer.bias, np.full(count, addend, layer.bias.dtype)]),
        *layer.scales,
    )


def shared_out(addend: np.ndarray, constant: int, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """What constants take of an X beyond 32 bits, and what is left.

    Args:
        addend: (n,) whole float64.
        constant: v, what each constant column holds, above 0 if any is needed.
        largest: weight.

    Returns:
        (c, n) whole float64 weights of the constants, c as few as are needed; (n,) X.
    """
    beyond = float(np.abs(addend).max()) - BIAS_MAX
    count = max(0, int(np.ceil(beyond / max(constant * largest, 1))))
    rows = np.zeros((count, len(addend)))
    left = addend
    for place in range(count):
        # A column that fits its X takes nothing: its sums stay as narrow as they are.
        wanted = np.where(np.abs(addend) > BIAS_MAX, left / (constant * (count - place)), 0)
        rows[place] = np.clip(np.rint(wanted), -largest, largest)
        left = left - constant * rows[place]
    return rows, left
