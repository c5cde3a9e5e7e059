"""Scales derived from calibration rows: min-max with a margin, each layer at full range.

With S for a scale (integer = round(value * S)), a layer computes sums at scale S_in * S_w and
multiplies them by postScale / 2**postShift, so its output has

    S_out = S_in * S_w * postScale / 2**postShift                                          (1)

Inputs have a scale for each feature, because raw data holds features of very different sizes. It
is undone in the first layer's weights: with W[k,:] / S_in[k] for W[k,:], its S_in in (1) is 1.

S_w takes the largest weight to 32767, S_out is chosen from the calibration, and postScale and
postShift come nearest to (1) from below. What (1) then gives, not what was asked for, is the next
layer's S_in, so no error of rounding a scale adds up over the layers.
"""

import math
from dataclasses import dataclass

import numpy as np

from xfblas.arrays import as_rows
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.models import Layer, Network
from xfblas.quantization.layers import LEGACY, Arithmetic, QuantizedLayer, QuantizedNetwork
from xfblas.quantization.scales import (
    ACCUMULATOR_MAX,
    BIAS_MAX,
    ELEMENT_MAX,
    choose_post,
    prelu_fields,
    scale_for,
)

FEATURE_HEADROOM = 8


@dataclass(frozen=True)
class LayerRange:
    """The largest sizes that calibration saw on a layer.

    Attributes:
        before: of the sums, before the activation.
        after: of the activated output.
    """

    before: float
    after: float


def quantize(
    network: Network, rows, *, margin: float = 1.05, legacy: bool = False
) -> QuantizedNetwork:
    """Quantizes a network to int16 with scales from calibration rows.

    Args:
        network: float layers.
        rows: (m, k) typical inputs; their largest values set the ranges.
        margin: room above the largest value seen, as a factor of at least 1.
        legacy: use the public engine's arithmetic, which floors and wraps.

    Raises:
        InvalidValueError: rows are empty, not finite, or of another width; margin is below 1.
        UnsupportedModelError: an activation cannot be expressed.
    """
    if not isinstance(margin, (int, float)) or not 1 <= margin < math.inf:
        raise InvalidValueError(f"margin is {margin!r}, expected a number from 1 on")
    rows = as_rows("calibration", rows, network.input_units, np.float32)
    if len(rows) == 0:
        raise InvalidValueError("calibration has no rows, expected 1 or more")
    _check_slopes(network)
    input_scale = feature_scales(np.abs(rows).max(axis=0), margin, network.layers[0].kernel)
    kernels = [layer.kernel.astype(np.float64) for layer in network.layers]
    kernels[0] /= input_scale[:, np.newaxis]
    layers, scale = [], 1.0
    for layer, kernel, seen in zip(network.layers, kernels, measure(network, rows), strict=True):
        quantized, scale = quantize_layer(layer, kernel, seen, scale, margin, legacy)
        layers.append(quantized)
    arithmetic = LEGACY if legacy else Arithmetic()
    return QuantizedNetwork(
        tuple(layers), arithmetic, input_scale, scale, network.output_activation
    )


def feature_scales(largest: np.ndarray, margin: float, kernel: np.ndarray) -> np.ndarray:
    """The scale of each input feature, (k,), from the largest sizes seen, (k,).

    The rows tell less of one feature than of all: a pixel that was 0 in every one of them may
    still be as bright as the others. So a feature gets three bits more than it used, up to the
    range of the largest, and one that was always 0 gets that range: but not so much that its
    weights W / S would outgrow all others', which share their scale with them.
    """
    whole = float(largest.max())
    ranges = np.where(largest > 0, np.minimum(FEATURE_HEADROOM * largest, whole), whole)
    scales = np.array([scale_for(float(size), margin=margin) for size in ranges])
    weights = np.abs(kernel).max(axis=1)
    seen = largest > 0
    heaviest = float((weights[seen] / scales[seen]).max(initial=0.0))
    if heaviest > 0:
        scales[~seen] = np.maximum(scales[~seen], weights[~seen] / heaviest)
    return scales


def measure(network: Network, rows: np.ndarray) -> list[LayerRange]:
    """Runs the float network over the rows, (m, k) float32, and notes every layer's ranges."""
    ranges = []
    for layer in network.layers:
        sums = rows @ layer.kernel + layer.bias
        rows = layer.activate(sums)
        ranges.append(LayerRange(float(np.abs(sums).max()), float(np.abs(rows).max())))
    return ranges


def quantize_layer(
    layer: Layer,
    kernel: np.ndarray,
    seen: LayerRange,
    input_scale: float,
    margin: float,
    legacy: bool,
) -> tuple[QuantizedLayer, float]:
    """One layer's integers, and the scale of its output by equation (1).

    ``kernel`` is the layer's, (k, n) float64, with scales of features divided out.
    """
    bias = layer.bias.astype(np.float64)
    largest_bias = float(np.abs(bias).max())
    largest_weight = float(np.abs(kernel).max())
    weight_scale = scale_for(largest_weight)
    if largest_bias > 0:
        widest = BIAS_MAX / (largest_bias * input_scale)
        # Without weights the bias alone says how fine the sums must be.
        weight_scale = min(weight_scale, widest) if largest_weight > 0 else widest
    weights = _integers(kernel * weight_scale, ELEMENT_MAX)

    # The engine's sums wrap at 48 bits: bound them for every possible input, not only the rows.
    largest_sum = float(np.abs(weights).sum(axis=0).max()) * 2.0**15 + BIAS_MAX
    if largest_sum > ACCUMULATOR_MAX:
        raise UnsupportedModelError(
            f"layer {layer.name}: sums of {kernel.shape[0]} products do not fit the 48-bit "
            "accumulator"
        )
    # Negative sums of a ReLU may saturate, because they become 0; wrapped they would not.
    range_is_after = layer.activation == "relu" and not legacy
    largest = seen.after if range_is_after else max(seen.before, seen.after)
    sum_scale = input_scale * weight_scale
    post_scale, post_shift = choose_post(scale_for(largest, margin=margin) / sum_scale, largest_sum)
    addend = bias * sum_scale
    if legacy and post_shift > 0:
        # The public engine only floors; half a step more in X makes that rounding.
        addend = addend + 2.0 ** (post_shift - 1) / post_scale
    quantized = QuantizedLayer(
        layer.name,
        weights.astype(np.int16),
        _integers(addend, BIAS_MAX).astype(np.int32),
        post_scale,
        post_shift,
        *prelu_fields(layer.activation, layer.negative_slope),
    )
    return quantized, sum_scale * post_scale / 2.0**post_shift


def _integers(values: np.ndarray, limit: int) -> np.ndarray:
    return np.clip(np.rint(values), -limit, limit)


def _check_slopes(network: Network) -> None:
    steep = [layer for layer in network.layers if abs(layer.negative_slope) > 1]
    if steep:
        raise UnsupportedModelError(
            "\n".join(
                f"{layer.name}: a negative slope of {layer.negative_slope} could leave the 16-bit "
                "range, expected -1 to 1"
                for layer in steep
            )
        )
