"""Weights of streaming networks of int16: made of floats, or checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from xfblas.arrays import as_rows, require_dtype, require_shape, seen
from xfblas.checks import require_instance, require_integer, shown
from xfblas.errors import InvalidValueError
from xfblas.graph import activate
from xfblas.image.stream_network import StreamNetwork
from xfblas.streaming.formats import LayerFormat, bits_for, choose_formats, to_integers

Pairs = list[tuple[np.ndarray, np.ndarray]]


def calibrated(
    layers: Pairs, network: StreamNetwork, calibration: Any
) -> tuple[Pairs, tuple[LayerFormat, ...], int]:
    """Integers and their formats for weights (inputs, outputs) and biases (outputs,) in float.

    Args:
        layers: of the network's sizes.
        network: whose activations count.
        calibration: (m, inputs) typical rows; None takes inputs from -1 to 1 and bounds of sums.

    Returns:
        int16 weights and int32 biases, a format for each layer, and the fraction bits of inputs.

    Raises:
        InvalidValueError: there is no format, or the rows cannot be used.
    """
    activations = [layer.activation for layer in network.layers]
    largest, sums = 1.0, None
    if calibration is not None:
        rows = as_rows("calibration", calibration, network.sizes[0], np.float64)
        if not len(rows):
            raise InvalidValueError("calibration has no rows, expected 1 or more")
        largest = float(np.abs(rows).max())
        if largest > 2.0**15:
            raise InvalidValueError(
                f"calibration has inputs up to {largest:g}, which int16 has no place for"
            )
        sums = _largest_sums(rows, layers, activations)
    input_bits = bits_for(largest)
    formats = choose_formats(layers, activations, input_bits, largest, sums)
    integers, bits = [], input_bits
    for (weights, biases), chosen in zip(layers, formats, strict=True):
        sum_bits = chosen.weight_bits + bits
        integers.append(
            (to_integers(weights, chosen.weight_bits), to_integers(biases, sum_bits, np.int32))
        )
        bits = chosen.activation_bits
    return integers, formats, input_bits


def require_integer_weights(
    weights: Any, formats: Any, input_bits: Any, network: StreamNetwork
) -> Pairs:
    """Weights as C takes them, or an InvalidValueError that names what does not fit."""
    require_integer("input_bits", input_bits, 0, 15)
    count = len(network.layers)
    for name, given in (("weights", weights), ("formats", formats)):
        if not isinstance(given, Sequence) or len(given) != count:
            raise InvalidValueError(f"{name} is {shown(given)}, expected {count} entries")
    pairs = []
    for number, (pair, layer) in enumerate(zip(weights, network.layers, strict=True), 1):
        if not isinstance(pair, Sequence) or len(pair) != 2:
            raise InvalidValueError(
                f"weights of layer {number} is {shown(pair)}, expected weights and biases"
            )
        arrays = []
        for name, value, dtype, shape in (
            ("weights", pair[0], np.int16, (layer.inputs, layer.outputs)),
            ("biases", pair[1], np.int32, (layer.outputs,)),
        ):
            label = f"{name} of layer {number}"
            array = seen(label, value)
            require_dtype(label, array, np.dtype(dtype))
            require_shape(label, array, shape)
            arrays.append(np.ascontiguousarray(array))
        pairs.append((arrays[0], arrays[1]))
    for number, chosen in enumerate(formats, 1):
        require_instance(f"format of layer {number}", chosen, LayerFormat)
    return pairs


def _largest_sums(rows: np.ndarray, layers: Any, activations: Any) -> list[float]:
    found = []
    for (weights, biases), activation in zip(layers, activations, strict=True):
        sums = rows @ weights + biases
        found.append(float(np.abs(sums).max()))
        rows = np.maximum(sums, 0) if activation == "relu" else activate(activation, sums)
    return found
