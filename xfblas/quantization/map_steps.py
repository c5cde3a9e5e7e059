"""A quantized network over feature maps: what the engine computes for a frame, step by step.

Maps are (frames, height, width, channels), of integers. A step reads some channels of one map and
writes some channels of another, so that concatenation is where two steps write, and costs nothing.
Dense layers are convolutions whose kernel is the whole map; see docs/instructions.md for what each
step computes.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Walk:
    """How a step walks its map; (rows, columns) each.

    Attributes:
        kernel, stride, dilation: in pixels of the upsampled map, 1 or more.
        padding: pixels above and on the left, below 0 for cropping.
        output: size of the result.
        upsampling: how often each row and column counts, nearest.
        fill: the element that padding holds.
    """

    kernel: tuple[int, int]
    output: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    upsampling: tuple[int, int] = (1, 1)
    fill: int = 0


@dataclass(frozen=True)
class StoredMap:
    """A map in the engine's memory, of one frame: height, width and all channels of its pixels."""

    name: str
    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class MapSlice:
    """Channels of a stored map, as a step reads them."""

    map: str
    channels: int
    first_channel: int = 0


@dataclass(frozen=True)
class MapPlacement:
    """Where a step writes: pixel (y, x) of its result lies at (first + y * step) of the map.

    Attributes:
        map: name of the stored map.
        first_channel: of the map, where the result's channel 0 goes.
        first, step: (rows, columns); a transposed convolution writes every second pixel.
    """

    map: str
    first_channel: int = 0
    first: tuple[int, int] = (0, 0)
    step: tuple[int, int] = (1, 1)


@dataclass(frozen=True, eq=False)
class MapEpilogue:
    """From sums to elements: Fcn's fields.

    Attributes:
        post, prelu: (scale, shift) each.
        activation: fields of tanh and sigmoid, as ``ComputeUnit.fcn`` takes them by name; else {}.
        entries: (513,) of a table that the host sends, or None.
    """

    post: tuple[int, int] = (1, 0)
    prelu: tuple[int, int] = (1, 0)
    activation: dict | None = None
    entries: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class ConvolutionStep:
    """Fcn over a map.

    Attributes:
        weights: (kernel rows * kernel columns * channels, n) of the network's element.
        bias: (1, n) int32, or (output pixels, n) where borders have sums of their own.
    """

    name: str
    source: MapSlice
    target: MapPlacement
    walk: Walk
    weights: np.ndarray
    bias: np.ndarray
    epilogue: MapEpilogue


@dataclass(frozen=True, eq=False)
class WindowStep:
    """Pooling, a copy (largest of a 1 x 1 kernel), or a depthwise convolution.

    Attributes:
        kind: "max", "average" or "depthwise".
        weights, bias, epilogue: of a depthwise convolution, (taps, channels) and (1, channels);
            None for pooling.
    """

    name: str
    kind: str
    source: MapSlice
    target: MapPlacement
    walk: Walk
    weights: np.ndarray | None = None
    bias: np.ndarray | None = None
    epilogue: MapEpilogue | None = None


@dataclass(frozen=True, eq=False)
class MapNetwork:
    """Steps from one map of real numbers to another.

    Real numbers of the input become elements by ``(x - input_offset) * input_scale`` rounded
    (halves to even), clamped to +-``input_limit``, for each channel; elements of the output become
    real numbers by ``(element - output_zero) / output_scale`` for each channel. Where these have
    several columns each, in windows, the sum of :mod:`~xfblas.quantization.output_windows` stands
    for the element.

    Attributes:
        dtype: of the elements, int8 or int16.
        maps: all stored maps.
        steps: in the order of computation.
        input: the map that rows of the caller fill, all its channels.
        output: what is read, after the last step.
        input_scale: (channels,) float64.
        input_offset: (channels,) float64, or None.
        input_limit: largest size of an input element.
        output_scale: (output_channels,) float32.
        output_zero: the element that stands for 0.
        output_windows: how many columns a channel of the output has.
        softmax: whether a float softmax over the output's channels follows.
        round, saturate: flags of all steps with sums.
    """

    name: str
    dtype: np.dtype
    maps: tuple[StoredMap, ...]
    steps: tuple[ConvolutionStep | WindowStep, ...]
    input: str
    output: MapSlice
    input_scale: np.ndarray
    input_offset: np.ndarray | None
    input_limit: int
    output_scale: np.ndarray
    output_zero: int = 0
    softmax: bool = False
    round: bool = True
    saturate: bool = True
    output_windows: int = 1

    @property
    def output_channels(self) -> int:
        """Of the real numbers."""
        return self.output.channels // self.output_windows

    def map(self, name: str) -> StoredMap:
        """The stored map of a name."""
        return next(stored for stored in self.maps if stored.name == name)
