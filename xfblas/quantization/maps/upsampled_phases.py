"""A convolution of an upsampled map as convolutions of the map as it is stored.

After nearest upsampling neighbours are the same pixel, so that a window sees some pixels several
times. Outputs that see theirs by the same taps are a phase, whose weights are these taps' added up:
a 3 x 3 kernel over a map of twice the size is four kernels of 2 x 2, with 16 products for 36.

Engines multiply every pixel of a window, a card's as well as the simulation. ``native`` needs fewer
still of the whole: it multiplies each stored pixel once by each tap, and adds up such products. So
bytes stay whole until they are laid out for a target, with weights whose sums are bytes too; then
integers are the same both ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from xfblas.layers.windows import Axis
from xfblas.quantization.map_steps import ConvolutionStep, MapNetwork, Walk, WindowStep

Pair = tuple[int, int]


@dataclass(frozen=True)
class UpsampledPhase:
    """Outputs that see stored pixels by the same taps; (rows, columns) each.

    Attributes:
        first: its first output; the next ones are as far apart as upsampling repeats pixels.
        taps: of each stored pixel of a window, those that see it.
        axes: the windows over the stored map.
    """

    first: Pair
    taps: tuple[list[list[int]], list[list[int]]]
    axes: tuple[Axis, Axis]

    def added_up(self, kernel: np.ndarray) -> np.ndarray:
        """Its kernel (rows, columns, ...) of the whole one's."""
        for axis, taps in enumerate(self.taps):
            kernel = np.stack([kernel.take(own, axis).sum(axis) for own in taps], axis)
        return kernel


def upsampled_phases(rows: Axis, columns: Axis, upsampling: Pair) -> list[UpsampledPhase]:
    """The phases of windows over an upsampled map; none where steps are not single pixels."""
    if max(upsampling) == 1 or any(axis.stride * axis.dilation > 1 for axis in (rows, columns)):
        return []
    return [
        UpsampledPhase((down[0], right[0]), (down[1], right[1]), (down[2], right[2]))
        for down in _along(rows, upsampling[0])
        for right in _along(columns, upsampling[1])
    ]


def _along(axis: Axis, factor: int) -> Iterator[tuple[int, list[list[int]], Axis]]:
    """For each phase its first output, the taps that see each stored pixel, and the windows."""
    for first in range(min(factor, axis.output)):
        places = [(first + tap - axis.before) // factor for tap in range(axis.size)]
        least, count = places[0], places[-1] - places[0] + 1
        taps = [[tap for tap, at in enumerate(places) if at == least + i] for i in range(count)]
        output = -(-(axis.output - first) // factor)
        yield first, taps, Axis(count, 1, 1, -least, output)


def in_phases(network: MapNetwork) -> MapNetwork:
    """The same integers by convolutions of maps as they are stored, where weights' sums fit."""
    steps = [part for step in network.steps for part in _phases_of(step)]
    return replace(network, steps=tuple(steps))


def _phases_of(step: ConvolutionStep | WindowStep) -> list[ConvolutionStep | WindowStep]:
    if not isinstance(step, ConvolutionStep):
        return [step]
    walk, target, n = step.walk, step.target, step.weights.shape[1]
    rows, columns = (
        Axis(*numbers)
        for numbers in zip(
            *(walk.kernel, walk.stride, walk.dilation, walk.padding, walk.output), strict=True
        )
    )
    phases, found = upsampled_phases(rows, columns, walk.upsampling), []
    if not phases:
        return [step]
    kernel = step.weights.astype(np.int64).reshape(*walk.kernel, -1, n)
    element = np.iinfo(step.weights.dtype)
    for index, phase in enumerate(phases):
        weights = phase.added_up(kernel)
        if weights.min() < element.min or weights.max() > element.max:
            return [step]
        bias = step.bias
        if len(bias) > 1:
            every = tuple(
                slice(*each) for each in zip(phase.first, walk.output, walk.upsampling, strict=True)
            )
            bias = bias.reshape(*walk.output, n)[every].reshape(-1, n)
        down, right = phase.axes
        found.append(
            replace(
                step,
                name=f"{step.name}:{index}",
                target=replace(
                    target,
                    first=_moved(target.first, phase.first, target.step),
                    step=_moved((0, 0), walk.upsampling, target.step),
                ),
                walk=Walk(
                    (down.size, right.size),
                    (down.output, right.output),
                    padding=(down.before, right.before),
                    fill=walk.fill,
                ),
                weights=weights.reshape(-1, n).astype(step.weights.dtype),
                bias=bias,
            )
        )
    return found


def _moved(first: Pair, by: Pair, step: Pair) -> Pair:
    return first[0] + by[0] * step[0], first[1] + by[1] * step[1]
