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
from xfblas.quantization.options import FEW_ROWS, Options
from xfblas.quantization.output_windows import window_levels
from xfblas.quantization.ways import SPENT

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
    """Integers and the epilogue of a node's parts."""

    parts: list[PartIntegers]
    prelu: tuple[int, int]
    table: object


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

    def _ranges(self, name: str) -> np.ndarray:
        found = self._sample.range_of(name).astype(np.float64) * self._margin(name)
        return np.where(found > 0, found, found.max() or 1.0)

    def _ranges_of_sums(self, node: Node) -> np.ndarray:
        """Of a node's own channels: sums are clamped before a slope makes negative ones small."""
        own = slice(node.target_first, node.target_first + node.outputs)
        found = self._ranges(node.target)[own]
        if node.function or not 0 < abs(node.slope) < 1:
            return found
        ends = self._sample.high if node.slope < 0 else self._sample.low
        largest = np.abs(ends[node.target][own].astype(np.float64)) / abs(node.slope)
        is_negative = (ends[node.target][own] < 0) | (node.slope < 0)
        return np.maximum(found, is_negative * largest * self._margin(node.target))

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
        sums = [
            PartSums(node, part, inputs, self._sample.windows(node, index), self._bits)
            for index, part in enumerate(node.parts)
        ]
        zero = scales.zero(name)
        windows = self.windows if node is self._last else 1
        levels = window_levels(windows, self._bits, zero)
        ranges, importance = self._ranges_of_sums(node), self._importance[name][own]
        importance = np.where(importance > 0, importance, importance.max() or 1.0)
        table, fixed = self._table(node, sums, importance), None
        ranges = self._options.ranges_of(node.layer, ranges, bool(node.function))
        if node.function == "relu6":
            ranges = np.minimum(ranges, LARGEST_RELU6)
            fixed = levels / ranges
        elif table is not None:
            fixed = np.full(node.outputs, table.argument_scale)
        wanted = Wanted(ranges, importance, zero if table is None else 0, levels, fixed, windows)
        parts, scale = self._integers(node.layer, sums, wanted)
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
        return Made(parts, prelu, table)

    def _integers(self, name, sums, wanted) -> tuple[list[PartIntegers], np.ndarray]:
        """By sums of 32 bits where these cost little, else of 48."""
        options = self._options
        ways = [32] if self._bits == 8 else [48]
        if self._bits == 16 and options.accumulator != 48:
            ways = [32] if options.accumulator == 32 else [32, 48]
        finest = None
        for accumulator in reversed(ways):
            try:
                scale, noise = choose_scale(name, sums, wanted, accumulator, options)
                if finest is not None and noise > finest * 10 ** (SPENT / 10):
                    break
                parts = [
                    integers_of(name, one, scale, wanted, accumulator, options) for one in sums
                ]
            except UnsupportedModelError:
                if finest is None:
                    raise
                break
            finest, found = noise, (parts, scale)
        return found

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
