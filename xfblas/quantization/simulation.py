"""The engine's arithmetic on this CPU, exactly, with a count of everything that left its range.

Products are computed in float64, whose sums of integers are exact below 2**53: int16 reaches that
after 2**23 inputs. What follows is int64, cut to the bits that the engine keeps.
"""

from dataclasses import dataclass

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.quantization.bounds import low_bits, shifted

EXACT = 2**53


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """What one layer did.

    Attributes:
        output: (m, n) integers of the engine's element type.
        saturations: elements that were clamped, those apart that a ReLU makes 0 anyway, and
            arguments of a table; of windows the ends of the first and the last alone.
        zeros: elements clamped at the low end where that end stands for 0: a ReLU at work.
        wraps: elements whose sum, product or output lost bits and so became another number.
        sum_low, sum_high: the ends of the sums, before any bits are lost.
    """

    output: np.ndarray
    saturations: int
    zeros: int
    wraps: int
    sum_low: int
    sum_high: int

    def __repr__(self):
        rows, columns = self.output.shape
        return (
            f"<LayerTrace {rows} rows of {columns} {self.output.dtype}: "
            f"{self.saturations} saturations, {self.wraps} wraps>"
        )


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did with a batch.

    Attributes:
        layers: one :class:`LayerTrace` per layer, in the order of computation.
    """

    layers: tuple[LayerTrace, ...]

    @property
    def output(self) -> np.ndarray:
        """The last layer's integers (m, n)."""
        return self.layers[-1].output

    @property
    def saturations(self) -> int:
        """Of all layers together."""
        return sum(layer.saturations for layer in self.layers)

    @property
    def wraps(self) -> int:
        """Of all layers together."""
        return sum(layer.wraps for layer in self.layers)

    def __repr__(self):
        return (
            f"<Trace of {len(self.layers)} layers, {len(self.output)} rows: "
            f"{self.saturations} saturations, {self.wraps} wraps>"
        )


def simulate(network, integers: np.ndarray) -> Trace:
    """See :meth:`QuantizedNetwork.simulate`."""
    if network.dtype.kind != "i":
        raise InvalidValueError(f"the network is {network.dtype}, expected int16 or int8 layers")
    current = np.asarray(integers)
    if current.dtype != network.dtype or current.ndim != 2:
        raise InvalidValueError(
            f"integers is {current.dtype} of shape {current.shape}, expected {network.dtype} of "
            f"shape (rows, {network.input_units})"
        )
    if current.shape[1] != network.input_units:
        raise InvalidValueError(
            f"integers has {current.shape[1]} values in a row, expected {network.input_units}"
        )
    traces = []
    for index, layer in enumerate(network.layers):
        form = ()
        if network.summaries:
            summary = network.summaries[index]
            form = (summary.zero_point, summary.windows, summary.constants)
        traces.append(run_layer(layer, current, network.arithmetic, *form))
        current = traces[-1].output
    return Trace(tuple(traces))


def run_layer(
    layer,
    batch: np.ndarray,
    arithmetic,
    zero_point: int = 0,
    windows: int = 1,
    constants: int = 0,
) -> LayerTrace:
    """One instruction on a batch (m, k) of the layer's element type.

    Zero point, windows and constants, see :class:`.LayerSummary`, tell what counts as a saturation.
    """
    bits = 8 * layer.weights.dtype.itemsize
    half = 1 << (bits - 1)
    exact = add_products(batch, layer.weights) + layer.bias.astype(np.int64)
    total = low_bits(exact, 32 if bits == 8 else 48)
    wrapped = total != exact
    wrapped |= ~_fits(total, layer.post_scale)
    t = shifted(total, layer.post_scale, layer.post_shift, arithmetic.round)
    outside_low, outside_high = t < -half, t >= half
    if arithmetic.saturate:
        c = np.clip(t, -half, half - 1)
    else:
        c = low_bits(t, bits)
        wrapped |= outside_low | outside_high
    if layer.table is not None:
        output = layer.table.apply(c, bits)
    else:
        sloped = (c * layer.prelu_scale) >> layer.prelu_alpha
        output = np.where(c < 0, low_bits(sloped, bits), c)
        wrapped |= (c < 0) & (sloped != output)
    is_relu = zero_point == -half or (layer.prelu_scale == 0)
    varied = t.shape[1] - constants
    columns = varied // windows
    low = int(outside_low[:, :columns].sum())
    high = int(outside_high[:, varied - columns : varied].sum())
    saturated = arithmetic.saturate * (high if is_relu else low + high)
    if layer.table is not None:
        # An argument beyond its range loses nothing where the function has its last value.
        below, above = layer.table.keeps_ends
        saturated = low * (not below) + high * (not above)
    return LayerTrace(
        output.astype(layer.weights.dtype),
        int(saturated),
        int(arithmetic.saturate * is_relu * low),
        int(wrapped.sum()),
        int(exact.min(initial=0)),
        int(exact.max(initial=0)),
    )


def add_products(batch: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Integers (m, k) times (k, n), exactly, as int64."""
    bits = 8 * weights.dtype.itemsize
    step = EXACT >> (2 * bits - 2)
    total = np.zeros((len(batch), weights.shape[1]), np.int64)
    for first in range(0, weights.shape[0], step):
        part = slice(first, first + step)
        product = batch[:, part].astype(np.float64) @ weights[part].astype(np.float64)
        total += product.astype(np.int64)
    return total


def _fits(total: np.ndarray, post_scale: int) -> np.ndarray:
    """Which sums times postScale fit 48 bits."""
    largest = (2**47 - 1) // max(post_scale, 1)
    smallest = -(2**47 // max(post_scale, 1))
    return (total >= smallest) & (total <= largest)
