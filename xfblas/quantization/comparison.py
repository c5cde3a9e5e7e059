"""How near a quantized network is to the float one, and what a choice of options costs."""

import math
from dataclasses import dataclass

import numpy as np

from xfblas.arrays import as_rows
from xfblas.graph import Network
from xfblas.quantization.layers import QuantizedNetwork


@dataclass(frozen=True)
class Comparison:
    """A quantized network beside its float model on rows.

    Attributes:
        decibels: signal to noise ratio of the logits; infinite where they are equal.
        agreement: share of rows whose largest logit is the same, 0 to 1; of one output, whose sign.
        saturations, wraps: elements of all layers, see
            :class:`~xfblas.quantization.simulation.LayerTrace`.
        sum_bits: bits of the widest sum, proved.
        clipped_inputs: values of the rows beyond what the network's inputs hold.
    """

    decibels: float
    agreement: float
    saturations: int
    wraps: int
    sum_bits: int
    clipped_inputs: int


def decibels(expected: np.ndarray, found: np.ndarray) -> float:
    """Signal to noise ratio, 10 log10(sum expected**2 / sum (found - expected)**2)."""
    expected = np.asarray(expected, np.float64)
    noise = float(((np.asarray(found, np.float64) - expected) ** 2).sum())
    return power_ratio(float((expected**2).sum()), noise)


def power_ratio(signal: float, noise: float) -> float:
    """10 log10(signal / noise): infinite without noise, minus infinity without a signal."""
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal > 0 else -math.inf


def compare(network: Network, quantized: QuantizedNetwork, rows) -> Comparison:
    """Runs both over rows (m, k), the quantized one in the exact simulation.

    Raises:
        InvalidValueError: rows are not finite or of another width.
    """
    rows = as_rows("rows", rows, network.input_units, np.float32)
    expected = reference_logits(network, rows)
    trace = quantized.simulate(quantized.quantize_input(rows))
    found = quantized.logits(trace.output)
    if expected.shape[1] == 1:
        same = (expected > 0) == (found > 0)
    else:
        same = expected.argmax(axis=1) == found.argmax(axis=1)
    bits = max((summary.sum_bits for summary in quantized.summaries), default=0)
    return Comparison(
        decibels(expected, found),
        float(same.mean()) if len(same) else 1.0,
        trace.saturations,
        trace.wraps,
        bits,
        0 if quantized.input_wraps else int((quantized.input_coding.clipped(rows) > 0).sum()),
    )


def reference_logits(network: Network, rows: np.ndarray) -> np.ndarray:
    """The logits in float64, (m, n): what a network means, without float32's own roundings."""
    current = rows.astype(np.float64)
    if network.center is not None:
        current = current - network.center
    for layer in network.layers:
        sums = current @ layer.kernel.astype(np.float64) + layer.bias
        current = layer.activate(sums)
    return current
