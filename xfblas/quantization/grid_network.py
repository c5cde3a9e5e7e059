"""Layers of models that were quantized by whoever trained them, with exactly their integers.

Where the inputs of a layer are whole multiples a of steps s, and its weights whole multiples q of
a step t for each output, so are its sums, of s * t: the engine adds up a * q exactly, and without
postScale its elements are these sums. What no element holds takes several columns, see
:mod:`~xfblas.quantization.output_windows`; a quantizer that follows saturates, and sums beyond its
ends need none. A bias that is finer than s * t has its output's weights doubled until it is whole,
as far as elements hold them.
"""

from collections.abc import Sequence

import numpy as np

from xfblas.graph import Network
from xfblas.layers.quantizers import Grid
from xfblas.quantization import bounds
from xfblas.quantization.instruction_fields import BIAS_MAX
from xfblas.quantization.layer_summary import LayerSummary
from xfblas.quantization.layers import Arithmetic, QuantizedLayer, QuantizedNetwork
from xfblas.quantization.output_windows import window_levels, window_offsets

#: Columns of each output up to which sums are exact.
MOST_WINDOWS = 16
#: Room above the largest sums of the rows, of outputs that nothing cuts off.
ROOM = 2.0
#: To this part of them numbers are whole multiples: float32 leaves no more of a scale times 2**15.
_NEAR = 2.0**-20


class OffGrid(Exception):
    """Why a layer's integers are not those of its model."""


def network_on_grid(
    network: Network, given: Grid | None, ends: Sequence[float], rows: np.ndarray, bits: int
) -> tuple[QuantizedNetwork, str]:
    """A network of one layer with its model's integers, and what is rounded though; or nothing.

    Args:
        network: its layer's ``steps`` are those of its weights.
        given: of the inputs; None where they are on none.
        ends: of what is read of its outputs.
        rows: (m, k) typical inputs.
        bits: of an element.

    Raises:
        OffGrid: with the reason.
    """
    layer = network.layers[0]
    if len(network.layers) > 1:
        names = " and ".join(part.name for part in network.layers[:2])
        raise OffGrid(f"no quantizer is between {names}")
    if layer.steps is None:
        raise OffGrid("its weights are on no grid")
    if given is None:
        raise OffGrid("its inputs are on no grid")
    if network.center is not None:
        raise OffGrid("a mean is subtracted from its inputs")
    element_max = 2 ** (bits - 1) - 1
    inputs, units = layer.kernel.shape
    step, low, high = (np.broadcast_to(v, inputs) for v in (given.step, given.low, given.high))
    ratio = step / step.min()
    interval = bounds.Interval(
        *(_whole(end / step, "the ends of its inputs") for end in (low, high))
    )
    if interval.largest > element_max:
        raise OffGrid(f"its inputs have {interval.bits()} bits and elements {bits}")
    weights = _whole(layer.kernel / layer.steps, "its weights").astype(np.int64)
    weights = weights * _whole(ratio, "the steps of its inputs").astype(np.int64)[:, np.newaxis]
    if np.abs(weights).max() > element_max:
        raise OffGrid(f"its weights have {int(np.abs(weights).max()).bit_length() + 1} bits")
    unit = step.min() * layer.steps
    sums = rows.astype(np.float64) @ layer.kernel.astype(np.float64) + layer.bias
    reach = _reach(weights, layer.bias, unit, interval, ends, np.abs(sums).max(initial=0.0))
    doublings = _doublings(weights, layer.bias / unit, reach, bits)
    weights, unit = weights << doublings, unit / 2.0**doublings
    bias = np.rint(layer.bias / unit)
    windows = _windows(reach * 2.0**doublings, bits)
    offsets = np.repeat(window_offsets(windows, bits), units) if windows > 1 else 0
    if np.abs(bias).max() + np.abs(offsets).max() > BIAS_MAX:
        raise OffGrid("its bias does not fit 32 bits")
    total = bounds.sums(weights, bias, interval)
    if total.bits() > (32 if bits == 8 else 47):
        raise OffGrid(f"its sums need {total.bits()} bits")
    quantized = QuantizedLayer(
        layer.name,
        np.tile(weights, (1, windows)).astype(np.int16 if bits == 16 else np.int8),
        (np.tile(bias, windows) + offsets).astype(np.int32),
    )
    lost = np.abs(layer.bias / unit - bias)
    summary = _summary(layer, quantized, unit, interval, total, np.abs(sums).max(axis=0), bits)
    made = QuantizedNetwork(
        (quantized,),
        Arithmetic(),
        1 / step,
        1 / unit,
        input_limit=max(interval.largest, 1),
        output_windows=windows,
        output_slope=float(layer.negative_slope),
        summaries=(summary,),
    )
    told = ""
    if (lost > np.maximum(np.abs(bias), 1) * _NEAR).any():
        told = f"its bias is finer than its sums and rounded, by up to {(lost * unit).max():.2g}"
    return made, told


def _whole(values, what):
    """The nearest whole numbers, if the values are near them."""
    whole = np.rint(values)
    if (np.abs(values - whole) > np.maximum(np.abs(whole), 1) * _NEAR).any():
        raise OffGrid(f"{what} are no whole multiples of one step")
    return whole.astype(np.int64)


def _reach(weights, bias, unit, interval, ends, seen):
    """The largest size of what is read of each output's sums (n,), in units of these."""
    low, high = bounds.products(weights.astype(np.float64), interval)
    high = np.minimum(high + bias / unit, ends[1] / unit)
    low = np.maximum(low + bias / unit, ends[0] / unit)
    reach = np.maximum(np.maximum(high, -low), 0)
    return reach if np.isfinite(ends).all() else np.minimum(reach, ROOM * seen / unit)


def _doublings(weights, bias, reach, bits):
    """How often the weights of each output (n,) are doubled so that its bias is whole."""
    largest = np.maximum(np.abs(weights).max(axis=0), 1)
    most = np.floor(np.log2((2 ** (bits - 1) - 1) / largest))
    fine, coarse = (
        np.minimum(most, np.floor(np.log2(window_levels(windows, bits) / np.maximum(reach, 1))))
        for windows in (MOST_WINDOWS, _windows(reach, bits))
    )
    # A bias that is never whole takes no columns.
    found = np.maximum(coarse, 0).astype(np.int64)
    for count in range(int(max(fine.max(), 0)), -1, -1):
        scaled = bias * 2.0**count
        is_whole = np.abs(scaled - np.rint(scaled)) <= np.maximum(np.abs(scaled), 1) * _NEAR
        found = np.where(is_whole & (count <= np.maximum(fine, 0)), count, found)
    return found


def _windows(reach, bits):
    """Columns of each output that hold sizes so large."""
    for windows in range(1, MOST_WINDOWS + 1):
        if window_levels(windows, bits) >= reach.max(initial=0.0):
            return windows
    raise OffGrid(
        f"its sums have {int(reach.max()).bit_length() + 1} bits between the ends of what is read "
        f"of them, and {MOST_WINDOWS} columns hold {bits + MOST_WINDOWS.bit_length() - 1}"
    )


def _summary(layer, quantized, unit, interval, total, largest, bits):
    weights = quantized.weights
    return LayerSummary(
        name=layer.name,
        inputs=weights.shape[0],
        outputs=weights.shape[1],
        activation=layer.activation,
        bits=bits,
        scale=1 / unit,
        zero_point=0,
        windows=weights.shape[1] // len(unit),
        constants=0,
        split_slope=None,
        sum_scale=1 / unit,
        post_scale=1,
        post_shift=0,
        prelu_scale=1,
        prelu_alpha=0,
        largest_weight=float(np.abs(layer.kernel).max()),
        weight_bits=max(-int(weights.min()), int(weights.max())).bit_length() + 1,
        largest_seen=largest,
        sum_low=int(total.low.min()),
        sum_high=int(total.high.max()),
        sum_bits=total.bits(),
        accumulator=32 if total.bits() <= 32 else 48,
        input_low=int(interval.low.min()),
        input_high=int(interval.high.max()),
        sums="proved" if total.bits() <= 32 else "wide",
    )
