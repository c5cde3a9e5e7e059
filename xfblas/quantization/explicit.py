"""Layers with scales given as lists, as programs for the public library hold them, or with none.

The integers are exactly those of the public library, whose conversions wrap: a weight that its
scale takes to 32768 becomes -32768. Scales from :func:`xfblas.quantize` clip instead.
"""

from collections.abc import Sequence

import numpy as np

from xfblas.checks import shown
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import Network
from xfblas.quantization.instruction_fields import prelu_fields, wrap
from xfblas.quantization.layers import LEGACY, Arithmetic, QuantizedLayer, QuantizedNetwork


def require_finite(name: str, value) -> None:
    """Raises an InvalidValueError unless a number, or every number of an array, is finite."""
    try:
        numbers = np.asarray(value)
        is_finite = numbers.dtype.kind in "biuf" and bool(np.isfinite(numbers).all())
    except Exception:  # objects have errors of their own
        is_finite = False
    if not is_finite:
        is_array = isinstance(value, np.ndarray) and value.ndim
        told = f"an array of shape {value.shape}" if is_array else shown(value)
        raise InvalidValueError(f"{name} is {told}, expected finite numbers")


def require_factor(name: str, value) -> None:
    """Raises an InvalidValueError unless it is a single finite number."""
    require_finite(name, value)
    if np.ndim(value) or isinstance(value, str):
        raise InvalidValueError(f"{name} is {shown(value)}, expected one number")


def quantize_explicitly(
    names: Sequence[str],
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    *,
    weight_scales: Sequence[float],
    bias_scales: Sequence[float],
    post_scales: Sequence[Sequence[int]],
    prelus: Sequence[tuple[int, int]],
    arithmetic: Arithmetic = LEGACY,
) -> QuantizedNetwork:
    """Quantizes layers to int16 with one scale per layer from each list.

    Args:
        names: of the layers, for messages.
        weights: (k, n) floats per layer.
        biases: (n,) or (m, n) floats per layer.
        weight_scales, bias_scales: factors.
        post_scales: [postScale, postShift] pairs.
        prelus: (preluScale, preluAlpha) pairs.
        arithmetic: the engine's flags.

    Raises:
        InvalidValueError: a list has not one entry per layer, or an entry is not of its form.
    """
    for name, given in (
        ("wgt_scale", weight_scales),
        ("bias_scale", bias_scales),
        ("post_scale", post_scales),
        ("relu_scale", prelus),
    ):
        require_per_layer(name, given, len(names))
    require_pairs("post_scale", post_scales)
    for index in range(len(names)):
        require_factor(f"wgt_scale[{index}]", weight_scales[index])
        require_factor(f"bias_scale[{index}]", bias_scales[index])
        require_finite(f"weights of {names[index]}", weights[index])
        require_finite(f"bias of {names[index]}", biases[index])
    layers = tuple(
        QuantizedLayer(
            name,
            # As the public library does it: the product in the weights' own precision.
            wrap(weight * weight_scale, np.int16),
            wrap(bias * bias_scale, np.int32),
            *(int(value) for value in post),
            *prelu,
        )
        for name, weight, weight_scale, bias, bias_scale, post, prelu in zip(
            names, weights, weight_scales, biases, bias_scales, post_scales, prelus, strict=True
        )
    )
    return QuantizedNetwork(layers, arithmetic)


def require_per_layer(name: str, given, count: int) -> None:
    """Raises an InvalidValueError unless ``given`` is a sequence with one entry per layer."""
    if not isinstance(given, (list, tuple, np.ndarray)) or (
        isinstance(given, np.ndarray) and given.ndim == 0
    ):
        raise InvalidValueError(
            f"{name} is {shown(given)}, expected a list of {count}, one for each layer"
        )
    if len(given) != count:
        raise InvalidValueError(
            f"{name} has {len(given)} entries, expected {count}, one for each layer: {shown(given)}"
        )


def require_pairs(name: str, given) -> None:
    """Raises an InvalidValueError unless every entry is a pair of whole numbers."""
    for index, pair in enumerate(given):
        try:
            is_pair = len(pair) == 2 and all(int(value) == value for value in pair)
        except Exception:  # objects have errors of their own
            is_pair = False
        if not is_pair:
            raise InvalidValueError(f"{name}[{index}] is {shown(pair)}, expected two whole numbers")


def without_scales(network: Network) -> QuantizedNetwork:
    """The layers of a network as float32 instructions.

    Raises:
        UnsupportedModelError: a layer has a leaky activation or a table, which the float engine
            lacks.
    """
    network.require_no_tables("the float engine")
    leaky = [layer for layer in network.layers if layer.activation == "leaky_relu"]
    if leaky:
        raise UnsupportedModelError(
            "the float engine has only linear and ReLU layers; use an int16 image for "
            + ", ".join(f"{layer.name} (negative slope {layer.negative_slope})" for layer in leaky)
        )
    layers = tuple(
        QuantizedLayer(
            layer.name,
            layer.kernel.astype(np.float32),
            layer.bias.astype(np.float32),
            1,
            0,
            *prelu_fields(layer.activation, layer.negative_slope),
        )
        for layer in network.layers
    )
    return QuantizedNetwork(
        layers,
        Arithmetic(False, False, True),
        output_activation=network.output_activation,
        input_offset=network.center,
    )
