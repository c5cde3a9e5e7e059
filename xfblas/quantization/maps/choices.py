"""Scales and integers of all nodes, one after the other."""

from dataclasses import dataclass

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.graph import MapStep
from xfblas.layers.placement import TABLES
from xfblas.quantization.entry_table import choose_entries
from xfblas.quantization.function_table import choose_table
from xfblas.quantization.maps.integers import (
    Inputs,
    PartIntegers,
    PartSums,
    Wanted,
    choose_scale,
    ends_after,
    integers_of,
    prelu_of,
)
from xfblas.quantization.maps.lowering import Lowering
from xfblas.quantization.maps.nodes import Node
from xfblas.quantization.maps.sampling import Sample
from xfblas.quantization.maps.scales import Scales
from xfblas.quantization.maps.sum_ways import Way, most_noise, ways_for, wider_range
from xfblas.quantization.options import FEW_ROWS, Options
from xfblas.quantization.output_windows import window_levels

#: Room above the largest values, by bits of an element: a map has so many pixels that others
#: seldom reach far beyond them.
MARGINS = {16: 2.0, 8: 1.0}
LARGEST_MARGINS = {16: 4.0, 8: 2.0}
#: Windows of an output's channel in bytes, and what part of all products they may add.
MOST_OUTPUT_WINDOWS, SPENT_ON_OUTPUT = 4, 1 / 12
#: Where relu6 has its last value.
LARGEST_RELU6 = 6.0


@dataclass(frozen=True, eq=False)
class Made:
    """Integers and the epilogue of a node's parts, and the way that was chosen for their sums."""

    parts: list[PartIntegers]
    prelu: tuple[int, int]
    table: object
    way: Way


class Choices:
    """All of a step's numbers.

    Args:
        step, lowering: the functions, and the nodes that they became.
        sample: what the float model showed.
        options: the caller's.

    Attributes:
        scales: of all tensors.
        made: the integers of each node that sums, by the node's id.
        windows: how many columns each channel of the output has.
    """

    def __init__(self, step: MapStep, lowering: Lowering, sample: Sample, options: Options):
        self._step, self._lowering, self._sample = step, lowering, sample
        self._options, self._bits = options, options.bits
        self.scales = Scales(lowering, options.bits)
        self._importance = self._importances()
        self.made: dict[int, Made] = {}
        self._last = _last_alone(lowering)
        self.windows = self._output_windows()
        self._set_input()
        for node in lowering.nodes:
            if node.has_sums:
                self.made[id(node)] = self._make(node)

    def _margin(self, name: str) -> float:
        """Of a tensor, more where few values were seen."""
        if self._options.margin is not None:
            return self._options.margin
        rows, columns, _ = self._lowering.sizes[name]
        seen = self._sample.frames * rows * columns
        margin = MARGINS[self._bits] * (1 + FEW_ROWS / seen)
        return min(margin, LARGEST_MARGINS[self._bits])

    def _ranges(self, node: Node, sums: list[PartSums], levels: int) -> np.ndarray:
        """(n,) of what a node's sums are before a slope, since the engine clamps them there."""
        name, slope = node.target, node.slope
        own = slice(node.target_first, node.target_first + node.outputs)
        found = self._sample.range_of(name)[own].astype(np.float64)
        # What a slope makes smaller than a step may be clamped.
        if not node.function and slope != 1 and abs(slope) * levels > 1:
            below = -np.concatenate([one.exact for one in sums]).min(axis=0)
            if slope > 0:
                # Of all pixels, not of the windows alone.
                below = -self._sample.low[name][own].astype(np.float64) / slope
            found = np.maximum(found, below)
        found = found * self._margin(name)
        return np.where(found > 0, found, found.max() or 1.0)

    def _set_input(self) -> None:
        """Scales of the input, and in bytes a zero that uses both signs."""
        name, scales, largest = self._lowering.input, self.scales, self._options.element_max
        margin = self._margin(name)
        low = np.minimum(self._sample.low[name].astype(np.float64), 0) * margin
        high = np.maximum(self._sample.high[name].astype(np.float64), 0) * margin
        empty = high - low <= 0
        high = np.where(empty, (high - low).max() or 1.0, high)
        zero = 0.0
        step = self._sample.step
        if self._bits == 8 and scales.input_is_alone and step is not None:
            # Every value is an integer: a picture's own.
            zero = -largest - self._sample.low[name].min() / step
            scales.set_input_zero(zero)
            scales.given[name] = np.full(len(low), 1 / step)
            whole = np.full(len(low), largest)
            scales.low[name], scales.high[name] = -whole, whole
            return
        if self._bits == 8 and scales.input_is_alone:
            # The same for all channels, since padding is: the one that costs the worst least.
            shares = -low / (high - low)
            zeros = np.rint(-largest + 2 * largest * np.append(shares, np.median(shares)))
            lost = [(_scales_at(one, low, high, largest) * (high - low)).min() for one in zeros]
            zero = float(zeros[::-1][np.argmax(lost[::-1])])
            scales.set_input_zero(zero)
        scale = _scales_at(zero, low, high, largest)
        scales.given[name] = scale
        whole = np.full(len(scale), largest)
        scales.low[name], scales.high[name] = -whole, whole

    def input_coding(self) -> tuple[np.ndarray | None, np.ndarray]:
        """Offset and scale of the caller's rows, of which the model may scale and shift each."""
        name, scales, lowering = self._lowering.input, self.scales, self._lowering
        scale, zero = scales.of(name), scales.zero(name)
        if lowering.input_scale is None:
            return (-zero / scale if zero else None), scale
        offset = -(lowering.input_shift + zero / scale) / lowering.input_scale
        return (offset if offset.any() else None), scale * lowering.input_scale

    def _importances(self) -> dict[str, np.ndarray]:
        """How much the noise of each channel is heard: lengths of the weights that read it.

        Their squares would be right for white noise and one layer; over twenty these are better.
        """
        lowering = self._lowering
        found = {name: np.zeros(size[2]) for name, size in lowering.sizes.items()}
        found[lowering.output.stored] += 1.0

        def spread(name: str, heard: np.ndarray) -> None:
            found[name] += heard
            first = 0
            for part in lowering.joined.get(name, ()):
                width = lowering.sizes[part][2]
                spread(part, heard[first : first + width])
                first += width

        for node in reversed(lowering.nodes):
            heard = found[node.target] if not node.has_sums else 0.0
            for part in node.parts if node.has_sums else ():
                squares = part.kernel**2
                if node.kind == "sum":
                    squares = squares.sum(axis=1).reshape(part.taps, -1)
                heard = heard + squares.sum(axis=0)
            whole = np.zeros(sum(lowering.sizes[name][2] for name in node.sources))
            whole[node.first : node.first + node.channels] = heard
            first = 0
            for name in node.sources:
                width = lowering.sizes[name][2]
                spread(name, whole[first : first + width])
                first += width
        return {name: np.sqrt(heard) for name, heard in found.items()}

    def _make(self, node: Node) -> Made:
        """The integers of a node that sums, and its tensor's scales and ends."""
        scales, name = self.scales, node.target
        own = slice(node.target_first, node.target_first + node.outputs)
        source_scale, low, high = scales.of_sources(node)
        inputs = Inputs(source_scale, scales.zero(node.sources[0]), low, high)
        weight_max = self._options.weight_max(node.layer)
        sums = [
            PartSums(node, part, inputs, self._sample.windows(node, index), self._bits, weight_max)
            for index, part in enumerate(node.parts)
        ]
        zero = scales.zero(name)
        windows = self.windows if node is self._last else 1
        levels = window_levels(windows, self._bits, zero)
        ranges, importance = self._ranges(node, sums, levels), self._importance[name][own]
        importance = np.where(importance > 0, importance, importance.max() or 1.0)
        table, fixed = self._table(node, sums, importance), None
        ranges = self._options.ranges_of(node.layer, ranges, bool(node.function))
        if node.function == "relu6":
            ranges = np.minimum(ranges, LARGEST_RELU6)
            fixed = levels / ranges
        elif table is not None:
            fixed = np.full(node.outputs, table.argument_scale)
        elif node.layer in (self._options.ranges or {}):
            fixed = levels / ranges
        elif node is not self._last:
            ranges = ranges * self._wider(node, sums, ranges / levels, importance)
        wanted = Wanted(ranges, importance, zero if table is None else 0, levels, fixed, windows)
        parts, scale, way = self._integers(node, sums, wanted)
        prelu = prelu_of(node, zero)
        ends = [ends_after(node, part, prelu, table, self._bits) for part in parts]
        if table is not None:
            scale = np.full(node.outputs, table.result_scale)
        channels = self._lowering.sizes[name][2]
        for known, values in (
            (scales.given, scale),
            (scales.low, np.min([end[0] for end in ends], axis=0)),
            (scales.high, np.max([end[1] for end in ends], axis=0)),
        ):
            known.setdefault(name, np.zeros(channels, values.dtype))[own] = values[: node.outputs]
        return Made(parts, prelu, table, way)

    def _wider(self, node, sums, steps, importance) -> float:
        """How much wider ranges are than the margin has them, where decibels are left for it."""
        if self._options.margin is not None:
            return 1.0
        exact = np.concatenate([one.exact for one in sums])
        if node.activation == "relu":
            exact = np.maximum(exact, 0)
        heard, rounded = (importance * exact**2).mean(axis=0).sum(), importance @ steps**2 / 12
        most = LARGEST_MARGINS[self._bits] / self._margin(node.target)
        return min(wider_range(self._options, float(heard), float(rounded)), most)

    def _integers(self, node, sums, wanted) -> tuple[list[PartIntegers], np.ndarray, Way]:
        """By the cheapest way that costs little, or leaves little noise beside the values."""
        options, name, ways = self._options, node.layer, ways_for(self._options, node.kind)
        # Depthwise sums are short, and gain little.
        parts = sums if node.kind == "sum" else []
        heard = sum((wanted.importance * (one.exact**2).mean(axis=0)).sum() for one in parts)
        _, finest = choose_scale(sums, wanted, ways[-1])
        # Noise is in twelfths.
        enough = most_noise(options, finest, 12 * heard)
        for way in ways:
            scale, noise = choose_scale(sums, wanted, way)
            if noise > enough:
                continue
            try:
                parts = [integers_of(name, one, scale, wanted, way, options) for one in sums]
            except UnsupportedModelError:
                if way is ways[-1]:
                    raise
                continue
            return parts, scale, way
        raise AssertionError("the last way is as fine as itself")

    def _output_windows(self) -> int:
        """As many as cost little beside all products: no other noise is heard like theirs."""
        if self._last is None or self._bits == 16:
            return 1
        everything = sum(node.products for node in self._lowering.nodes)
        most = 1 + int(everything * SPENT_ON_OUTPUT / self._last.products)
        return min(most, MOST_OUTPUT_WINDOWS)

    def _table(self, node: Node, sums, importance):
        if not node.function or node.function == "relu6":
            return None
        exact = np.concatenate([one.exact for one in sums])
        margin = self._margin(node.target)
        if node.function in TABLES and not node.parameters:
            spares = self._bits == 16
            return choose_table(node.function, exact, margin, importance, self._bits, spares)
        reach = (margin * min(float(exact.min()), 0.0), margin * max(float(exact.max()), 0.0))
        return choose_entries(
            node.function, node.parameters, exact, reach, margin, importance, self._bits
        )


def _last_alone(lowering: Lowering) -> Node | None:
    """The node that gives the output by sums alone, which nothing else reads; None without one."""
    name = lowering.output.stored
    last = lowering.nodes[-1]
    readers = [source for node in lowering.nodes for source in node.sources]
    together = [part for parts in lowering.joined.values() for part in parts]
    is_alone = name not in (*readers, *together) and last.target == name
    if not is_alone or last.kind != "sum" or not last.is_linear:
        return None
    return last if last.outputs == lowering.sizes[name][2] else None


def _scales_at(zero: float, low: np.ndarray, high: np.ndarray, largest: int) -> np.ndarray:
    """(channels,) the scales by which values from low to high are elements around a zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(high > 0, (largest - zero) / high, np.inf)
        return np.minimum(up, np.where(low < 0, (largest + zero) / np.abs(low), np.inf))
