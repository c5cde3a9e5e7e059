"""A streaming network as data: its layers, their multipliers, and what each puts out.

The network's header, the links between its kernels, its image's configuration and the host all
follow from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xfblas.errors import ImageError, InvalidValueError

from .element_types import ELEMENT_TYPES

ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid")
#: Element types that the streaming kernels are written for.
STREAM_TYPES = ("short", "float")
BEAT_BYTES = 16
MOST_LAYERS = 64
LARGEST_SIZE = 1 << 16
#: Inputs or outputs at once: more makes trees and fans that no clock reaches.
WIDEST = 256


def beats_of(elements: int, data_type: str) -> int:
    """Beats of 16 bytes that so many elements take."""
    return -(-elements * ELEMENT_TYPES[data_type].bytes // BEAT_BYTES)


@dataclass(frozen=True)
class StreamLayer:
    """A layer: one kernel.

    Attributes:
        inputs, outputs: sizes.
        activation: ``"linear"``, ``"relu"``, ``"tanh"`` or ``"sigmoid"``.
        lanes, fold: powers of two. Each cycle ``fold`` inputs are multiplied for each of ``lanes``
            outputs.
        routes: which of ``"s"`` (sums) and ``"x"`` (activations) can go to the host.
    """

    inputs: int
    outputs: int
    activation: str
    lanes: int = 1
    fold: int = 1
    routes: str = "sx"

    @property
    def multipliers(self) -> int:
        """P: multiplications a cycle."""
        return self.lanes * self.fold

    @property
    def blocks(self) -> int:
        """Times that ``fold`` inputs are taken for a row."""
        return -(-self.inputs // self.fold)

    @property
    def groups(self) -> int:
        """Groups of ``lanes`` outputs, whose sums are interleaved."""
        return -(-self.outputs // self.lanes)

    def row_cycles(self, data_type: str) -> int:
        """Cycles of a row's products: inputs * outputs / P where both divide and fill the adder."""
        return self.blocks * max(self.groups, ELEMENT_TYPES[data_type].adder_interval)

    def payload_beats(self, data_type: str) -> int:
        """Beats of weights and biases as they are loaded."""
        words = self.blocks * self.groups * beats_of(self.multipliers, data_type)
        return words + -(-self.groups * self.lanes // 4)

    def on_chip_bytes(self, data_type: str) -> int:
        """Bytes of weights and biases on chip, to a multiple of 64."""
        element = ELEMENT_TYPES[data_type].bytes
        weights = self.blocks * self.groups * self.multipliers * element
        begin = -(-weights // 4) * 4
        return -(-(begin + 4 * self.groups * self.lanes) // 64) * 64


@dataclass(frozen=True)
class StreamNetwork:
    """The layers, each of which takes the activations of the one before.

    Raises:
        InvalidValueError: a size or name cannot be used, or two layers do not fit.
    """

    layers: tuple[StreamLayer, ...]
    data_type: str

    def __post_init__(self):
        if self.data_type not in STREAM_TYPES:
            expected = " or ".join(STREAM_TYPES)
            raise InvalidValueError(f"dtype is {self.data_type!r}, expected {expected}")
        if not 1 <= len(self.layers) <= MOST_LAYERS:
            raise InvalidValueError(
                f"layers has {len(self.layers) + 1} sizes, expected 2 to {MOST_LAYERS + 1}"
            )
        for number, layer in enumerate(self.layers, 1):
            for name in ("inputs", "outputs", "lanes", "fold"):
                size = getattr(layer, name)
                if type(size) is not int or not 1 <= size <= LARGEST_SIZE:
                    raise InvalidValueError(
                        f"{name} of layer {number} is {size!r}, expected 1 to {LARGEST_SIZE}"
                    )
            for name in ("lanes", "fold"):
                size = getattr(layer, name)
                if size & (size - 1) or size > WIDEST:
                    raise InvalidValueError(
                        f"{name} of layer {number} is {size}, expected a power of 2 up to {WIDEST}"
                    )
            if layer.activation not in ACTIVATIONS:
                raise InvalidValueError(
                    f"activation of layer {number} is {layer.activation!r}, expected "
                    f"{', '.join(ACTIVATIONS)}"
                )
            if layer.routes not in ("", "s", "x", "sx"):
                raise InvalidValueError(
                    f"routes of layer {number} is {layer.routes!r}, expected s, x, sx or nothing"
                )
        for number, (before, after) in enumerate(
            zip(self.layers, self.layers[1:], strict=False), 2
        ):
            if before.outputs != after.inputs:
                raise InvalidValueError(
                    f"layer {number} takes {after.inputs} inputs, but layer {number - 1} has "
                    f"{before.outputs} outputs"
                )
        if not self.outputs:
            raise InvalidValueError("outputs is empty, expected one that goes to the host")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the input, then of each layer's output: ``SIZE_LAYER_0`` and so on."""
        return (self.layers[0].inputs, *(layer.outputs for layer in self.layers))

    @property
    def multipliers(self) -> int:
        """Of all layers."""
        return sum(layer.multipliers for layer in self.layers)

    @property
    def outputs(self) -> tuple[str, ...]:
        """What can go to the host: ``s1``, ``x1``, ``s2`` and so on."""
        return tuple(
            f"{kind}{number}"
            for number, layer in enumerate(self.layers, 1)
            for kind in "sx"
            if kind in layer.routes
        )

    @property
    def on_chip_bytes(self) -> int:
        """Bytes that all layers keep."""
        return sum(layer.on_chip_bytes(self.data_type) for layer in self.layers)

    def words(self) -> dict[str, str]:
        """The words of a config_info.dat by key, without a prefix."""
        words = {"numLayers": str(len(self.layers))}
        words |= {f"SIZE_LAYER_{number}": str(size) for number, size in enumerate(self.sizes)}
        for number, layer in enumerate(self.layers, 1):
            words |= {
                f"ACTIVATION_LAYER_{number}": layer.activation,
                f"LANES_LAYER_{number}": str(layer.lanes),
                f"FOLD_LAYER_{number}": str(layer.fold),
                f"ROUTES_LAYER_{number}": layer.routes or "none",
            }
        return words

    @classmethod
    def from_words(cls, words: Mapping, data_type: str) -> "StreamNetwork | None":
        """The network of a configuration; None where it tells none.

        Raises:
            ImageError: a key is missing, or its value cannot be used.
        """
        if "numLayers" not in words:
            return None
        count = _number(words, "numLayers", MOST_LAYERS)
        sizes = [_number(words, f"SIZE_LAYER_{number}") for number in range(count + 1)]
        try:
            return cls(
                tuple(
                    StreamLayer(
                        sizes[number - 1],
                        sizes[number],
                        _text(words, f"ACTIVATION_LAYER_{number}"),
                        _number(words, f"LANES_LAYER_{number}"),
                        _number(words, f"FOLD_LAYER_{number}"),
                        _text(words, f"ROUTES_LAYER_{number}").replace("none", ""),
                    )
                    for number in range(1, count + 1)
                ),
                data_type,
            )
        except InvalidValueError as error:
            raise ImageError(str(error)) from None


def _text(words: Mapping, key: str) -> str:
    if key not in words:
        raise ImageError(f"{key} is missing, which a streaming network's configuration has")
    return str(words[key])


def _number(words: Mapping, key: str, most: int = LARGEST_SIZE) -> int:
    text = _text(words, key)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise ImageError(f"{key} is {text!r}, expected a whole number from 1 to {most}")
    return int(text)
