"""What the float model shows of its tensors: ranges of channels, and windows that sums see."""

from dataclasses import dataclass

import numpy as np

from xfblas.graph import MapStep
from xfblas.quantization.maps.lowering import Lowering
from xfblas.quantization.maps.nodes import Node, Part, places_of

#: Values of windows that are kept for one part of a node, and windows at most and at least.
KEPT = 2**20
MOST_WINDOWS, LEAST_WINDOWS = 4096, 96


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of a part that were seen, at random pixels.

    Attributes:
        values: (windows, taps, channels) float32; 0 outside of the map.
        pixels: (windows,) the pixels of the part's result.
    """

    values: np.ndarray
    pixels: np.ndarray

    def bias_of(self, part: Part) -> np.ndarray:
        """(windows or 1, n) of the part's bias."""
        return part.bias if len(part.bias) == 1 else part.bias[self.pixels]


class Sample:
    """One float pass.

    Attributes:
        low, high: (channels,) of each stored tensor, by name.
        frames: how many frames were seen.
        step: of which the input's values are multiples, above the least of them; None where they
            are of more than 255 steps.
    """

    def __init__(self, step: MapStep, lowering: Lowering, frames: np.ndarray):
        self.low: dict[str, np.ndarray] = {}
        self.high: dict[str, np.ndarray] = {}
        self.frames = len(frames)
        self.step: float | None = None
        self._lowering = lowering
        self._parts = [
            (node, index, part)
            for node in lowering.nodes
            if node.has_sums
            for index, part in enumerate(node.parts)
        ]
        self._readers: dict[str, list[tuple[Node, int, Part]]] = {}
        for entry in self._parts:
            for source in entry[0].sources:
                self._readers.setdefault(source, []).append(entry)
        self._seen: dict[tuple[int, int, str], list[np.ndarray]] = {}
        self._pixels: dict[tuple[int, int], list[np.ndarray]] = {}
        self._is_first = step.channels_first
        names = set(lowering.sizes) - set(lowering.derived) | set(lowering.restored)
        at_once = step.frames_at_once
        for self._number, first in enumerate(range(0, len(frames), at_once)):
            self._share = min(1.0, at_once / len(frames))
            step.run(frames[first : first + at_once], self._see, names)

    def windows(self, node: Node, index: int) -> Windows:
        """The windows of a part of a node."""
        key = (id(node), index)
        values = [np.concatenate(self._seen[(*key, source)]) for source in node.sources]
        pixels = np.concatenate(self._pixels[key])
        return Windows(np.concatenate(values, axis=2), pixels)

    def range_of(self, name: str) -> np.ndarray:
        """(channels,) the largest size of a tensor's values."""
        return np.maximum(np.abs(self.low[name]), np.abs(self.high[name]))

    def _see(self, name: str, values: np.ndarray) -> None:
        if name in self._lowering.restored:
            # Where the scale is 0 nothing is heard of the values.
            name, scale, shift = self._lowering.restored[name]
            if self._is_first and values.ndim > 2:
                values = np.moveaxis(values, 1, -1)
            values = (values - shift) / np.where(scale == 0, 1, scale)
            self._see_ours(name, values.astype(np.float32))
            return
        size = self._lowering.sizes[name]
        if self._is_first and values.ndim > 2:
            values = np.moveaxis(values, 1, -1)
        values = values.reshape(len(values), *size)
        if name == self._lowering.input and name not in self.low:
            self.step = step_of(values[0])
        low, high = values.min(axis=(0, 1, 2)), values.max(axis=(0, 1, 2))
        self.low[name] = np.minimum(low, self.low.get(name, low))
        self.high[name] = np.maximum(high, self.high.get(name, high))
        for node, index, part in self._readers.get(name, []):
            self._keep(name, values, node, index, part)
        for other, node in self._lowering.derived.items():
            if node.sources == (name,):
                found = shown(values, node)
                self._see_ours(other, found)

    def _see_ours(self, name: str, values: np.ndarray) -> None:
        """Like :meth:`_see`, of values whose channels are last already."""
        first, self._is_first = self._is_first, False
        self._see(name, values)
        self._is_first = first

    def _keep(self, name, values, node, index, part) -> None:
        pixels = part.rows.output * part.columns.output
        whole = part.taps * node.channels
        wanted = min(MOST_WINDOWS, max(LEAST_WINDOWS, KEPT // whole))
        wanted = -(-int(wanted * self._share * 1.0001 + 1) // 1)
        # The same places of all sources of a node.
        generator = np.random.default_rng([self._number, pixels, index])
        total = len(values) * pixels
        places = generator.choice(total, min(wanted, total), replace=False)
        frame, pixel = np.divmod(places, pixels)
        windows = gathered(values, part, frame, pixel)
        if len(node.sources) == 1:
            windows = windows[..., node.first : node.first + node.channels]
        self._seen.setdefault((id(node), index, name), []).append(windows)
        if name == node.sources[0]:
            self._pixels.setdefault((id(node), index), []).append(pixel)


def step_of(frame: np.ndarray) -> float | None:
    """What all values are multiples of, above the least: a picture's have at most 255 steps."""
    values = np.unique(frame.reshape(-1).astype(np.float64))
    values = values[np.concatenate([[True], np.diff(values) > 1e-4 * np.ptp(values)])]
    if not 32 <= len(values) <= 256:
        return None
    step = np.diff(values).min()
    # The whole picture tells it better than two neighbours.
    step = np.ptp(values) / np.rint(np.ptp(values) / step)
    places = (values - values[0]) / step
    is_even = np.abs(places - np.rint(places)).max() < 0.02 and places[-1] <= 255.5
    return float(step) if is_even else None


def gathered(values: np.ndarray, part: Part, frame: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """(windows, taps, channels) of stored values; 0 outside."""
    row, column = np.divmod(pixel, part.columns.output)
    indices, inside = [], []
    for axis, up, size, at in (
        (part.rows, part.upsampling[0], values.shape[1], row),
        (part.columns, part.upsampling[1], values.shape[2], column),
    ):
        places = places_of(axis)[at] // up
        inside.append((places >= 0) & (places < size))
        indices.append(np.where(inside[-1], places, 0))
    found = values[
        frame[:, np.newaxis, np.newaxis],
        indices[0][:, :, np.newaxis],
        indices[1][:, np.newaxis, :],
    ]
    seen = inside[0][:, :, np.newaxis] & inside[1][:, np.newaxis, :]
    found = np.where(seen[..., np.newaxis], found, 0).astype(values.dtype)
    return found.reshape(len(frame), part.taps, -1)


def shown(values: np.ndarray, node: Node) -> np.ndarray:
    """What a node of one pixel makes of frames (m, rows, columns, channels)."""
    part = node.parts[0]
    indices, seen = [], np.ones((1, 1, 1, 1), bool)
    for number, (axis, up) in enumerate(
        zip((part.rows, part.columns), part.upsampling, strict=True), 1
    ):
        places = places_of(axis)[:, 0] // up
        inside = (places >= 0) & (places < values.shape[number])
        indices.append(np.where(inside, places, 0))
        seen = seen & inside.reshape([-1 if i == number else 1 for i in range(4)])
    found = values[:, indices[0]][:, :, indices[1]]
    if node.has_sums:
        found = found * part.kernel[0].astype(values.dtype) + part.bias[0].astype(values.dtype)
    return np.where(seen, found, 0).astype(values.dtype)
