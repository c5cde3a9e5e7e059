"""Fixed point for streaming networks of int16: where the point of every number stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xfblas.checks import require_integer
from xfblas.errors import InvalidValueError

WORD = 15  # bits of an int16 besides its sign
MOST_WEIGHT_BITS = 31
LARGEST_BIAS = 2**31 - 1
#: How far sums may go beyond those of the calibration rows.
MARGIN = 2.0
ROWS_AT_ONCE = 256
FUNCTIONS = ("tanh", "sigmoid")


@dataclass(frozen=True)
class LayerFormat:
    """Fraction bits of a layer's numbers: an integer ``i`` stands for ``i / 2**bits``.

    Attributes:
        weight_bits: of weights; biases have those of the layer's input besides.
        shift: places that the sum is shifted right for s.
        sum_bits: of s, 0 to 15.
        activation_bits: of x: 15 for tanh and sigmoid, else those of s.
    """

    weight_bits: int
    shift: int
    sum_bits: int
    activation_bits: int

    def __post_init__(self) -> None:
        for name, most in (("weight_bits", 47), ("shift", 47), ("sum_bits", 15)):
            require_integer(name, getattr(self, name), 0, most)
        require_integer("activation_bits", self.activation_bits, 0, WORD)


def bits_for(largest: float) -> int:
    """The most fraction bits, 0 to 15, with which numbers up to ``largest`` fit an int16."""
    if not largest > 0:
        return WORD
    return int(np.clip(np.floor(np.log2(2.0**WORD / largest)), 0, WORD))


def choose_formats(
    layers: Sequence[tuple[np.ndarray, np.ndarray]],
    activations: Sequence[str],
    input_bits: int,
    largest_input: float,
    largest_sums: Sequence[float] | None,
) -> tuple[LayerFormat, ...]:
    """A format for each layer: of calibrated sums with a margin, or of what sums can be at most.

    Args:
        layers: weights (inputs, outputs) and biases (outputs,).
        activations: of each layer.
        input_bits: of the rows.
        largest_input: magnitude of any input.
        largest_sums: of each layer's s in calibration rows; None where there are none.

    Raises:
        InvalidValueError: numbers are too large for int16.
    """
    formats: list[LayerFormat] = []
    bits, largest = input_bits, largest_input
    for number, ((weights, biases), activation) in enumerate(
        zip(layers, activations, strict=True), 1
    ):
        top, most_bias = float(np.abs(weights).max()), float(np.abs(biases).max())
        weight_bits = MOST_WEIGHT_BITS if top == 0 else int(np.floor(np.log2(2.0**WORD / top)))
        if most_bias > 0:
            room = int(np.floor(np.log2(LARGEST_BIAS / most_bias))) - bits
            weight_bits = min(weight_bits, room)
        weight_bits = min(weight_bits, MOST_WEIGHT_BITS)
        bound = float((np.abs(weights).sum(0) * largest + np.abs(biases)).max())
        if largest_sums is not None:
            bound = min(bound, MARGIN * largest_sums[number - 1])
        if weight_bits < 0 or bound > 2.0**WORD:
            raise InvalidValueError(
                f"layer {number} has weights up to {top:g}, biases up to {most_bias:g} and sums up "
                f"to {bound:g}: int16 has no place for them, scale the model or take float32"
            )
        sum_bits = min(bits_for(bound), bits + weight_bits)
        made = WORD if activation in FUNCTIONS else sum_bits
        formats.append(LayerFormat(weight_bits, bits + weight_bits - sum_bits, sum_bits, made))
        bits, largest = made, 1.0 if activation in FUNCTIONS else bound
    return tuple(formats)


def to_integers(values: np.ndarray, bits: int, dtype: type = np.int16) -> np.ndarray:
    """Values in fixed point: halves to even, clamped to the type."""
    limits = np.iinfo(dtype)
    # A float32 holds an int16 and a power of two exactly.
    wide = np.float32 if values.dtype == np.float32 and dtype is np.int16 else np.float64
    found: np.ndarray = np.empty(values.shape, dtype)
    # Some rows at a time, which stay in the cache on their way.
    for start in range(0, len(values), ROWS_AT_ONCE):
        with np.errstate(over="ignore"):
            scaled = np.multiply(values[start : start + ROWS_AT_ONCE], wide(2.0**bits), dtype=wide)
        np.rint(scaled, out=scaled)
        np.clip(scaled, limits.min, limits.max, out=scaled)
        found[start : start + ROWS_AT_ONCE] = scaled
    return found


def to_floats(values: np.ndarray, bits: int) -> np.ndarray:
    """What integers stand for, as float32, which holds them exactly."""
    return np.multiply(values, np.float32(2.0**-bits), dtype=np.float32)
