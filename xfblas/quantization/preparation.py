"""A float network as the engine shall compute it: leaky layers in two halves where that is better.

A negative slope s becomes preluScale / 2**preluAlpha with ten bits, which misses 0.2 or 0.3 by up
to 0.1 % and costs a 16-bit network up to 25 dB. Exact instead, because it needs no slope at all:

    leaky(z) = relu(z) - s * relu(-z)                                                      (1)

So the layer's columns are computed twice, once with all signs turned, and the next layer's rows
take s into their weights: (W, -s * W). A last layer of that kind, or with a ReLU, stays linear on
the engine, and the host multiplies what is negative: so its output can be finer than an element.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xfblas.graph import Network
from xfblas.layers.curves import CURVES, curve
from xfblas.quantization.instruction_fields import prelu_fields

#: A slope that misses by less than this share of the whole range costs nothing one could measure.
SLOPE_TOLERANCE = 2.0**-18


@dataclass(frozen=True, eq=False)
class PreparedLayer:
    """A layer in float64.

    Attributes:
        name, activation, slope: see :class:`~xfblas.graph.Layer`; 'relu' for a split layer.
        kernel: (k, n).
        bias: (n,).
        split_slope: s of equation (1) where the layer has been split, else None.
        model_activation: before it was split.
        center: (k,) what is subtracted from its inputs; of the first layer, or None.
        parameters: of its activation by table.
    """

    name: str
    kernel: np.ndarray
    bias: np.ndarray
    activation: str
    slope: float
    split_slope: float | None
    model_activation: str
    center: np.ndarray | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def has_table(self) -> bool:
        """Whether the engine computes its activation by a table."""
        return self.activation in CURVES or bool(self.parameters)

    def sums(self, rows: np.ndarray) -> np.ndarray:
        """What the layer computes of float rows (m, k) before its activation."""
        rows = rows if self.center is None else rows - self.center
        return rows @ self.kernel + self.bias

    def activate(self, sums: np.ndarray) -> np.ndarray:
        """The activation of (m, n) sums."""
        if self.has_table:
            return curve(self.activation, self.parameters, sums)
        if self.activation == "relu":
            return np.maximum(sums, 0)
        return sums if self.slope == 1 else np.where(sums < 0, sums * self.slope, sums)


def prepare(network: Network, leaky: str) -> tuple[list[PreparedLayer], float]:
    """The layers to quantize, and the slope that the host applies to negative outputs.

    Args:
        network: float layers.
        leaky: 'prelu' for the engine's slopes; 'last' for these, with the last layer's by the host;
            'split' for equation (1), 'auto' to split where the engine's slope is not close.
    """
    prepared, rows_slope, output_slope = [], None, 1.0
    for index, layer in enumerate(network.layers):
        kernel, bias = layer.kernel.astype(np.float64), layer.bias.astype(np.float64)
        if rows_slope is not None:
            kernel = np.concatenate([kernel, -rows_slope * kernel])
        activation, slope = layer.activation, float(layer.negative_slope)
        if activation == "leaky_relu" and slope in (0.0, 1.0):
            activation = "relu" if slope == 0 else "linear"
        rows_slope = None
        if index == len(network.layers) - 1 and activation != "linear" and leaky != "prelu":
            activation, output_slope, slope = "linear", 0.0 if activation == "relu" else slope, 1.0
        if activation == "leaky_relu" and _is_split(slope, leaky):
            rows_slope = slope
            kernel, bias = np.hstack([kernel, -kernel]), np.concatenate([bias, -bias])
            activation, slope = "relu", 0.0
        kinds = (activation, slope, rows_slope, layer.activation)
        center = network.center if index == 0 else None
        prepared.append(PreparedLayer(layer.name, kernel, bias, *kinds, center, layer.parameters))
    return prepared, output_slope


def _is_split(slope: float, leaky: str) -> bool:
    if leaky != "auto":
        return leaky == "split"
    scale, alpha = prelu_fields("leaky_relu", slope)
    return abs(scale / 2.0**alpha - slope) > SLOPE_TOLERANCE
