"""Integers of a node that sums, part by part, with the proof that no sum overflows.

It is what :mod:`~xfblas.quantization.integers` and :mod:`~xfblas.quantization.output_scales` say of
dense layers, for windows: k counts taps and channels, all parts of a node have its scales T, each a
factor P of its own, and a part may have a bias for each pixel.
"""

from dataclasses import dataclass

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.quantization import bounds
from xfblas.quantization.instruction_fields import ACCUMULATOR_MAX, BIAS_MAX, prelu_fields
from xfblas.quantization.integers import Target, choose_factor
from xfblas.quantization.layers import QuantizedLayer
from xfblas.quantization.maps.nodes import Node, Part
from xfblas.quantization.maps.rounding import rounded
from xfblas.quantization.maps.sampling import Windows
from xfblas.quantization.maps.sum_ways import Way
from xfblas.quantization.maps.upsampled_phases import upsampled_phases
from xfblas.quantization.options import Options
from xfblas.quantization.output_scales import output_scales
from xfblas.quantization.output_windows import window_offsets
from xfblas.quantization.ways import LARGEST_PRODUCT

#: Beyond it a weight's rounding is no noise to speak of.
LARGEST_BYTE = 127
#: The norms of windows of other frames, beside those of the few that were seen.
ROOM = 1.25


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a part reads, as integers.

    Attributes:
        scale: (channels,) T of the source.
        zero: the element that stands for 0.
        low, high: (channels,) the ends of its elements.
    """

    scale: np.ndarray
    zero: float
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a node shall compute.

    Attributes:
        ranges: (n,) the sizes that outputs shall hold, above 0.
        importance: (n,) how much each one's noise matters.
        zero: the element that stands for 0 in the output.
        levels: the largest size of an output in steps.
        fixed: (n,) scales that outputs must have, or None.
        windows: how many columns an output has.
    """

    ranges: np.ndarray
    importance: np.ndarray
    zero: int
    levels: int
    fixed: np.ndarray | None = None
    windows: int = 1


class PartSums:
    """The products of a part, before any scale of its outputs.

    Attributes:
        kernel: (k, n) float64, divided by the scales of the inputs.
        bias: (1 or pixels, n) float64.
    """

    def __init__(
        self,
        node: Node,
        part: Part,
        inputs: Inputs,
        seen: Windows,
        bits: int,
        weight_max: int,
    ):
        self.is_alone, self.channels = node.kind == "depthwise", node.channels
        self.inputs, self.bias, self.taps = inputs, part.bias, part.taps
        if self.is_alone:
            self.kernel = part.kernel / inputs.scale
            self.low, self.high = inputs.low[np.newaxis], inputs.high[np.newaxis]
        else:
            self.kernel = part.kernel / np.tile(inputs.scale, part.taps)[:, np.newaxis]
            self.low, self.high = (
                np.tile(end, part.taps)[:, np.newaxis] for end in (inputs.low, inputs.high)
            )
        half = 1 << (bits - 1)
        self.weight_max, self._element_max = weight_max, half - 1
        values = np.rint(seen.values * inputs.scale + inputs.zero)
        values = np.clip(values, -half, half - 1)
        self._norms_seen(values, is_upsampled=part.upsampling != (1, 1))
        values = values - inputs.zero
        self.exact = _multiplied(seen.values.astype(np.float64), part.kernel, self.is_alone)
        self.exact += seen.bias_of(part)
        self.seen_bias = seen.bias_of(part)
        self.values = values.reshape(len(values), -1)
        self.means = values.mean(axis=0)  # (taps, channels)
        squares = (values**2).mean(axis=0)
        self.power = float(squares.sum() / (squares.shape[1] if self.is_alone else 1))
        self.total = self.kernel.sum(axis=0)
        self.ends = self.ends_of(self.kernel)
        self.squares = (self.kernel**2).sum(axis=0)
        self._sizes = (part.rows.size, part.columns.size)
        phases = upsampled_phases(part.rows, part.columns, part.upsampling)
        # Channels that are alone are whole on every target.
        self._phases = [] if self.is_alone else phases
        self.largest = self.largest_of(self.kernel)

    def _norms_seen(self, elements: np.ndarray, is_upsampled: bool) -> None:
        """The largest norms of elements (windows, taps, channels), of windows and of pixels."""
        squares = np.einsum("wtc,wtc->wt", elements, elements)
        self._pixel_norm = float(np.sqrt(squares.max(initial=0.0)))
        # Windows over a pixel's copies are multiplied pixel by pixel.
        self._window_norm = float(np.sqrt(squares.sum(axis=1).max(initial=0.0)))
        if is_upsampled:
            self._window_norm = float(np.sqrt(squares.shape[1])) * self._pixel_norm

    def norms(self, block: int | None) -> np.ndarray | float:
        """(n,) the P for a unit of scale that leaves so much of k in 32 bits, by norms."""
        if block is None:
            return 0.0
        row, columns = self._window_norm, self.squares
        if block:
            is_aligned = self.channels % block == 0 or block % self.channels == 0
            pixels = -(-block // self.channels) + (0 if is_aligned else 1)
            row = min(row, float(np.sqrt(pixels)) * self._pixel_norm)
            starts = np.arange(0, len(self.kernel), block)
            columns = np.add.reduceat(self.kernel**2, starts, axis=0).max(axis=0)
        return ROOM * row * np.sqrt(columns) / LARGEST_PRODUCT

    def ends_of(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) the ends of the sums of products, of any integers that the inputs may have."""
        middle, width = (self.high + self.low) / 2, (self.high - self.low) / 2
        if self.is_alone:
            center = (middle * weights).sum(axis=0)
            reach = (width * np.abs(weights)).sum(axis=0)
        else:
            center, reach = middle[:, 0] @ weights, width[:, 0] @ np.abs(weights)
        return center - reach, center + reach

    def largest_of(self, weights: np.ndarray) -> np.ndarray:
        """(n,) the largest sizes of weights, and of those that phases add up.

        These may be any elements, however few bits weights have: both are told as if weights alone
        had a limit.
        """
        found = np.abs(weights).max(axis=0)
        kernel = weights.reshape(*self._sizes, -1, weights.shape[1])
        for phase in self._phases:
            sums = np.abs(phase.added_up(kernel)).max(axis=(0, 1, 2))
            found = np.maximum(found, sums * self.weight_max / self._element_max)
        return found

    def rounded(self, weights: np.ndarray, largest: int) -> np.ndarray:
        """(k, n) whole numbers from -largest to largest."""
        if self.is_alone or largest > LARGEST_BYTE:
            return np.clip(np.rint(weights), -largest, largest)
        return rounded(weights, self.values, largest)

    def mean_of(self, weights: np.ndarray) -> np.ndarray:
        """(n,) the mean of the sums of products on the sample."""
        if self.is_alone:
            return (self.means * weights).sum(axis=0)
        return self.means.reshape(-1) @ weights

    def needed(self, way: Way) -> np.ndarray:
        """(n,) the P that each output needs for a unit of its scale."""
        addend = self.bias - self.inputs.zero * self.total
        ends = [*self.ends, self.ends[0] + addend.min(axis=0), self.ends[1] + addend.max(axis=0)]
        found = np.maximum(self.largest / self.weight_max, np.abs(addend).max(axis=0) / BIAS_MAX)
        found = np.maximum(found, np.abs(ends).max(axis=0) / 2.0 ** (way.accumulator - 1))
        return np.maximum(found, self.norms(way.block))

    def target(self, scale: np.ndarray, zero: float, way: Way) -> Target:
        """For :func:`~xfblas.quantization.integers.choose_factor`."""
        high = self.bias.max(axis=0) * scale + zero
        spread = (self.bias.min(axis=0) - self.bias.max(axis=0)) * scale
        sizes = self.taps if self.is_alone else len(self.kernel)
        ends = np.broadcast_to(
            np.maximum(np.abs(self.low), np.abs(self.high)).max(axis=1), (sizes,)
        )
        return Target(
            self.kernel,
            scale,
            high,
            self.total * scale,
            self.ends[0] * scale + spread,
            self.ends[1] * scale,
            float((self.largest * scale).max()),
            float((self.norms(way.block) * scale).max()),
            self.inputs.zero,
            zero,
            bounds.Interval(-ends, ends),
            way.accumulator,
        )


def _multiplied(values, kernel, is_alone):
    if is_alone:
        return (values * kernel).sum(axis=1)
    return values.reshape(len(values), -1) @ kernel


@dataclass(frozen=True, eq=False)
class PartIntegers:
    """A part's integers.

    Attributes:
        weights: (k, n) of the element type.
        bias: (1 or pixels, n) int32.
        post: postScale and postShift.
        sum_low, sum_high: (n,) the proved ends of the sums, X included.
    """

    weights: np.ndarray
    bias: np.ndarray
    post: tuple[int, int]
    sum_low: np.ndarray
    sum_high: np.ndarray

    @property
    def sum_bits(self) -> int:
        """Bits of two's complement that hold all sums."""
        return bounds.Interval(self.sum_low, self.sum_high).bits()


def choose_scale(sums: list[PartSums], wanted: Wanted, way: Way) -> tuple[np.ndarray, float]:
    """(n,) T for the node's outputs, and the noise that it leaves in them, to compare ways by."""
    needed = np.max([one.needed(way) for one in sums], axis=0)
    power = max(one.power for one in sums)
    scale = wanted.fixed
    if scale is None:
        scale = output_scales(needed, wanted.ranges, wanted.importance, power, wanted.levels)
    noise = 0.0
    for one in sums:
        own = one.needed(way)
        step = float((own * scale).max())
        heard = wanted.importance / scale**2
        noise += float((heard * (one.squares * scale**2 + 1 + power * step**2)).sum())
    return scale, noise


def integers_of(
    name: str,
    one: PartSums,
    scale: np.ndarray,
    wanted: Wanted,
    way: Way,
    options: Options,
) -> PartIntegers:
    """The integers of a part.

    Raises:
        UnsupportedModelError: no weights fit.
    """
    element = np.int16 if options.bits == 16 else np.int8
    offsets = window_offsets(wanted.windows, options.bits, wanted.zero)
    target = one.target(scale, offsets.max(), way)
    largest, tightened = one.weight_max, 1.0
    for _ in range(20):
        post = choose_factor(name, target.scaled(tightened), options)
        factor = 2.0 ** post[1] / post[0]
        weights = one.rounded(one.kernel * (scale * factor), largest)
        bias = one.bias * scale * factor
        if options.bias_correction:
            exact = (one.exact - one.seen_bias) * scale * factor
            bias = bias + exact.mean(axis=0) - one.mean_of(weights)
        bias = bias - one.inputs.zero * weights.sum(axis=0)
        bias = np.concatenate([bias + offset * factor for offset in offsets], axis=1)
        bias = np.clip(np.rint(bias), -BIAS_MAX, BIAS_MAX)
        weights = np.tile(weights, wanted.windows)
        low, high = one.ends_of(weights)
        low, high = low + bias.min(axis=0), high + bias.max(axis=0)
        found = PartIntegers(
            weights.astype(element),
            bias.astype(np.int32),
            post,
            low.astype(np.int64),
            high.astype(np.int64),
        )
        widest = max(float(np.abs(end).max()) for end in (low, high))
        is_fit = bool((one.largest_of(weights) <= largest).all())
        if is_fit and found.sum_bits <= way.accumulator and widest * post[0] <= ACCUMULATOR_MAX:
            return found
        tightened *= 1.05
    raise UnsupportedModelError(
        f"layer {name}: no weights were found whose sums fit the {way.accumulator}-bit accumulator"
    )


def ends_after(
    node: Node, made: PartIntegers, prelu: tuple[int, int], table, bits: int
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) the least and the largest element that a part can give."""
    layer = QuantizedLayer(node.target, made.weights, made.bias, *made.post, *prelu, table)
    total = bounds.Interval(made.sum_low, made.sum_high)
    found = bounds.outputs(total, layer, bits, saturate=True, rounds=True)
    return found.low, found.high


def prelu_of(node: Node, zero: int) -> tuple[int, int]:
    """The instruction's slope; saturation is the ReLU where the zero is the least element."""
    if zero or node.function:
        return (0, 0) if node.function == "relu6" and not zero else (1, 0)
    return prelu_fields(node.activation, node.slope)
