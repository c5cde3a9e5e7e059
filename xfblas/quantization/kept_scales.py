"""Other weights with the scales of before: what fits, and by how much it does not.

Every scale of a network stays: of its inputs, of each layer's outputs, postScale and postShift.
With S and T for the scales of a layer's inputs and of its sums, which its summary has,

    Q[k,j] = round(W[k,j] * T[j] / S[k]),    X[j] = round(b[j] * T[j] + y[j]) - z * sum of Q     (1)

with z and y for the integers that stand for 0; X takes the mean error of the sums on the rows, as
in :mod:`.integers`. So instructions and tables stay as well, and weights and biases alone are sent.
That is right as long as the new weights are of the old ones' size: whatever leaves its range is an
error that says by how much.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.graph import Network
from xfblas.quantization import bounds
from xfblas.quantization.instruction_fields import ACCUMULATOR_MAX, BIAS_MAX
from xfblas.quantization.layers import QuantizedLayer, QuantizedNetwork
from xfblas.quantization.output_windows import window_levels, window_offsets
from xfblas.quantization.preparation import PreparedLayer, prepare
from xfblas.quantization.simulation import run_layer

#: Rows that biases are corrected with.
ROWS = 2048


def with_kept_scales(
    network: QuantizedNetwork, floats: Network, rows: Any, corrects: bool = True
) -> QuantizedNetwork:
    """The network with the weights of other float layers of the same shapes.

    Args:
        network: on an integer image, quantized with calibration rows.
        floats: the layers, with their new weights.
        rows: (m, k) typical inputs, with which the ranges of outputs are checked; None for no check
            of them.
        corrects: whether the mean error of the sums on the rows goes into the biases.

    Raises:
        InvalidValueError: the network has no scales to keep; or names every layer that no longer
            fits, what of it, and how many times its range that takes.
    """
    if network.dtype.kind == "f":
        return replace(network, layers=_float_layers(network, floats))
    prepared = _prepared(network, floats)
    misfits: list[str] = []
    made, summaries, interval = [], [], _inputs(network)
    sample = (
        None if rows is None or not corrects else _Sample(network, rows[:: -(-len(rows) // ROWS)])
    )
    for index, layer in enumerate(prepared):
        quantized = _layer(network, index, layer, misfits, sample)
        total = bounds.sums(quantized.weights, quantized.bias, interval)
        # Which of its ways an engine adds up by does not matter, as long as no bit is lost.
        accumulator = 32 if network.bits == 8 else 48
        limits = {
            f"{accumulator}-bit sums": total.largest / 2.0 ** (accumulator - 1),
            "48-bit products": total.largest * quantized.post_scale / (ACCUMULATOR_MAX + 1),
        }
        for what, share in limits.items():
            if share >= 1:
                misfits.append(f"{layer.name}: its {what} reach {share:.3g} times their range")
        flags = (network.arithmetic.saturate, network.arithmetic.round)
        interval = bounds.outputs(total, quantized, network.bits, *flags)
        made.append(quantized)
        summaries.append(
            replace(
                network.summaries[index],
                sum_low=int(total.low.min()),
                sum_high=int(total.high.max()),
                sum_bits=total.bits(),
                accumulator=32 if total.bits() <= 32 else 48,
                sums="proved" if total.bits() <= 32 else "wide",
                largest_weight=float(np.abs(layer.kernel).max()),
            )
        )
    if rows is not None:
        misfits += _clipped(network, prepared, rows)
    if misfits:
        raise InvalidValueError(
            "these layers no longer fit the scales of their calibration: "
            f"{'; '.join(misfits)}. Derive new ones with scales='derive'"
        )
    return replace(network, layers=tuple(made), summaries=tuple(summaries))


def _float_layers(network: QuantizedNetwork, floats: Network) -> tuple[QuantizedLayer, ...]:
    pairs = zip(network.layers, floats.layers, strict=True)
    return tuple(
        replace(layer, weights=new.kernel.astype(np.float32), bias=new.bias.astype(np.float32))
        for layer, new in pairs
    )


def _prepared(network: QuantizedNetwork, floats: Network) -> list[PreparedLayer]:
    """The layers in the form that the network has them in."""
    if not network.summaries or network.input_scale is None or network.input_wraps:
        raise InvalidValueError(
            "scales is 'keep', but these were not derived from calibration rows: expected 'derive'"
        )
    splits = [summary.split_slope for summary in network.summaries]
    for leaky in ("last", "auto", "prelu", "split"):
        layers, slope = prepare(floats, leaky)
        if slope == network.output_slope and [layer.split_slope for layer in layers] == splits:
            return layers
    raise InvalidValueError("scales is 'keep', but the layers have other slopes than before")


def _inputs(network: QuantizedNetwork) -> bounds.Interval:
    return bounds.whole(network.bits, network.input_units)


class _Sample:
    """Rows on their way through the float layers and through the integers."""

    def __init__(self, network: QuantizedNetwork, rows: np.ndarray):
        self._arithmetic = network.arithmetic
        self.values = np.asarray(rows, np.float64)
        self.integers = network.quantize_input(rows)

    def sums(self, layer: PreparedLayer) -> np.ndarray:
        """The float layer's."""
        return layer.sums(self.values)

    def go_on(self, layer: PreparedLayer, quantized: QuantizedLayer) -> None:
        """To the next layer's inputs."""
        self.values = layer.activate(self.sums(layer))
        self.integers = run_layer(quantized, self.integers, self._arithmetic).output


def _layer(
    network: QuantizedNetwork,
    index: int,
    layer: PreparedLayer,
    misfits: list[str],
    sample: _Sample | None,
) -> QuantizedLayer:
    """Equation (1); what leaves its range is added to the misfits and cut off."""
    old, summary = network.layers[index], network.summaries[index]
    bias = layer.bias
    if index == 0:
        coding = network.input_coding
        scale, sources, zero = coding.scales(), coding.sources(), 0
        center = 0.0 if coding.offset is None else coding.offset
        moved = center - (0.0 if layer.center is None else layer.center)
        bias = bias + np.broadcast_to(moved, len(layer.kernel)) @ layer.kernel
    else:
        before = network.summaries[index - 1]
        scale, sources, zero = before.scale, np.arange(len(before.scale)), before.zero_point
    windows = summary.windows
    kernel = layer.kernel[sources] / scale[:, np.newaxis]
    steps = np.broadcast_to(summary.sum_scale, (kernel.shape[1],))
    weights = np.tile(np.rint(kernel * steps), windows)
    # In steps of the output, as the sums have postScale / 2**postShift of them.
    factor = 2.0**summary.post_shift / summary.post_scale
    offsets = window_offsets(windows, network.bits, summary.zero_point)
    # Arithmetic that only floors rounds by half a step more in X.
    offsets = (offsets + (0.0 if network.arithmetic.round else 0.5)) * factor
    offset = np.repeat(offsets, kernel.shape[1])
    addend = np.tile(bias * steps, windows) + offset
    if sample is not None:
        wanted = np.tile(sample.sums(layer).mean(axis=0) * steps, windows) + offset
        addend = wanted - (sample.integers.mean(axis=0) - zero) @ weights
    addend = np.rint(addend - zero * weights.sum(axis=0))
    largest = 2 ** (network.bits - 1) - 1
    for what, values, limit in (("weights", weights, largest), ("bias", addend, BIAS_MAX)):
        share = float(np.abs(values).max()) / limit
        if share > 1:
            misfits.append(f"{layer.name}: its {what} need {share:.3g} times their range")
    made = replace(
        old,
        weights=np.clip(np.nan_to_num(weights), -largest, largest).astype(old.weights.dtype),
        bias=np.clip(np.nan_to_num(addend), -BIAS_MAX, BIAS_MAX).astype(old.bias.dtype),
    )
    if sample is not None:
        sample.go_on(layer, made)
    return made


def _clipped(network: QuantizedNetwork, layers: list[PreparedLayer], rows: np.ndarray) -> list[str]:
    """Outputs that calibration rows take beyond what an element holds."""
    found, values = [], np.asarray(rows, np.float64)
    for layer, summary in zip(layers, network.summaries, strict=True):
        sums = layer.sums(values)
        values = layer.activate(sums)
        if not np.isfinite(values).all():
            found.append(f"{layer.name}: its outputs are beyond all numbers")
            break
        if summary.table is not None and all(summary.table.keeps_ends):
            continue
        levels = window_levels(summary.windows, network.bits, summary.zero_point)
        if summary.zero_point:
            levels = 2**network.bits - 1
        seen = values if summary.table is None else sums
        scale = summary.scale if summary.table is None else summary.table.argument_scale
        share = float((np.abs(seen) * scale).max(initial=0.0)) / levels
        if share > 1:
            found.append(f"{layer.name}: its outputs reach {share:.3g} times their range")
    return found
