"""What maps consist of before they are integers: nodes that write tensors, and views of these."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from xfblas.layers.windows import Axis

Pair = tuple[int, int]
#: Kernel and bias of a part that has none.
NO_NUMBERS = (np.empty((0, 0)), np.empty((1, 0)))


@dataclass(frozen=True, eq=False)
class Part:
    """Sums of products for some pixels of a node's result.

    Attributes:
        rows, columns: the windows, over the source as it is stored.
        upsampling: how often each of its rows and columns counts.
        kernel: (taps * channels, n) float64; of each channel alone (taps, n); empty for pooling.
        bias: (1, n) float64, or (pixels, n) where borders have sums of their own.
        first, step: pixel (y, x) of the part is the result's first + (y, x) * step.
    """

    rows: Axis
    columns: Axis
    upsampling: Pair
    kernel: np.ndarray
    bias: np.ndarray
    first: Pair = (0, 0)
    step: Pair = (1, 1)

    @property
    def taps(self) -> int:
        """Pixels of the source that a pixel of the result sees."""
        return self.rows.size * self.columns.size


@dataclass(eq=False)
class Node:
    """What writes a tensor, or some of its channels.

    Attributes:
        kind: 'sum', or of each channel alone 'depthwise', 'max', 'average', 'copy', or 'border',
            which copies with a border of zeros.
        sources: tensors, whose channels count side by side.
        first, channels: those channels of the sources that it reads.
        target: the tensor.
        target_first: the channel of the target that its channel 0 is.
        parts: each of other pixels of the target.
        layer: name of the model's layer that it comes from.
        slope: factor of negative sums.
        function, parameters: an activation by table; '' for none.
    """

    kind: str
    sources: tuple[str, ...]
    first: int
    channels: int
    target: str
    target_first: int
    parts: list[Part]
    layer: str = ""
    slope: float = 1.0
    function: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def has_sums(self) -> bool:
        """Whether it multiplies, and so may have scales of its own."""
        return self.kind in ("sum", "depthwise")

    @property
    def outputs(self) -> int:
        """Channels that it writes."""
        return self.parts[0].bias.shape[1] if self.has_sums else self.channels

    @property
    def products(self) -> int:
        """Multiplications of a frame."""
        return sum(part.rows.output * part.columns.output * part.kernel.size for part in self.parts)

    @property
    def is_linear(self) -> bool:
        """Whether nothing follows its sums yet."""
        return self.has_sums and self.slope == 1 and not self.function

    @property
    def is_rectified(self) -> bool:
        """Whether its results are 0 or more by a ReLU."""
        return self.has_sums and (self.slope == 0 or self.function == "relu6")

    @property
    def activation(self) -> str:
        """For reports."""
        if self.function:
            return self.function
        return {1.0: "linear", 0.0: "relu"}.get(self.slope, "leaky_relu")


@dataclass(frozen=True, eq=False)
class View:
    """What a tensor of the model is of one that is stored.

    Pixels of the stored tensor count ``upsampling`` times; on the side of the first ones stands
    padding of zeros, or pixels are cropped where that is below 0; ``size`` says where the view
    ends. Values within are ``stored * scale + shift``, padding is 0 after that.

    Attributes:
        stored: name of the tensor.
        size: (rows, columns) of the view.
        upsampling, padding: (rows, columns).
        scale, shift: (channels,) float64, or None for the values themselves.
        is_flat: whether the model has all its values in one row.
        is_turned: whether the channels of that row come last though the model's maps have them
            first.
        flat_scale, flat_shift: (values,) of the flat row, or None.
    """

    stored: str
    size: Pair
    upsampling: Pair = (1, 1)
    padding: Pair = (0, 0)
    scale: np.ndarray | None = None
    shift: np.ndarray | None = None
    is_flat: bool = False
    is_turned: bool = False
    flat_scale: np.ndarray | None = None
    flat_shift: np.ndarray | None = None

    def scaled(self, scale: np.ndarray, shift: np.ndarray) -> "View":
        """This times a scale, and moved."""
        if self.scale is None or self.shift is None:
            return replace(self, scale=scale, shift=shift)
        return replace(self, scale=self.scale * scale, shift=self.shift * scale + shift)

    @property
    def is_moved(self) -> bool:
        """Whether a shift is added."""
        return self.shift is not None and bool(self.shift.any())


def window_of(size: int, stride: int, dilation: int, before: int, output: int) -> Axis:
    """An axis by position, for short."""
    return Axis(size, stride, dilation, before, output)


def inside_of(axis: Axis, given: int, upsampling: int) -> np.ndarray:
    """(outputs, taps): whether a tap of an output lies within the map."""
    places = places_of(axis)
    return (places >= 0) & (places < given * upsampling)


def places_of(axis: Axis) -> np.ndarray:
    """(outputs, taps): the places of the upsampled map that windows look at."""
    outputs, taps = np.arange(axis.output), np.arange(axis.size)
    return outputs[:, np.newaxis] * axis.stride + taps * axis.dilation - axis.before
