"""The engine's arithmetic over maps on this CPU, exactly; see docs/instructions.md."""

from collections.abc import Callable

import numpy as np

from xfblas.layers.windows import Axis
from xfblas.quantization.bounds import low_bits, shifted
from xfblas.quantization.entry_table import EntryTable
from xfblas.quantization.function_table import FunctionTable
from xfblas.quantization.map_steps import (
    ConvolutionStep,
    MapEpilogue,
    MapNetwork,
    MapPlacement,
    Walk,
    WindowStep,
)
from xfblas.quantization.maps.nodes import places_of
from xfblas.quantization.output_windows import join_windows
from xfblas.quantization.simulation import add_products

#: Elements of gathered windows that are multiplied at once.
GATHERED = 2**22


def encode(network: MapNetwork, frames: np.ndarray) -> np.ndarray:
    """Elements of real numbers (m, rows, columns, channels)."""
    values = frames.astype(np.float64)
    if network.input_offset is not None:
        values = values - network.input_offset
    limit = network.input_limit
    return np.clip(np.rint(values * network.input_scale), -limit, limit).astype(network.dtype)


def decode(network: MapNetwork, elements: np.ndarray) -> np.ndarray:
    """Real numbers (m, rows, columns, channels) of elements of the output, float32."""
    rows, bits = elements.reshape(-1, elements.shape[-1]), 8 * network.dtype.itemsize
    joined = join_windows(rows, network.output_windows, bits, network.output_zero)
    return (joined.astype(np.float32) / network.output_scale).reshape(*elements.shape[:-1], -1)


def simulate_maps(
    network: MapNetwork,
    elements: np.ndarray,
    see: Callable[[int, dict[str, np.ndarray]], None] | None = None,
) -> np.ndarray:
    """The output's elements (m, rows, columns, channels) of the input's.

    Args:
        network: what to compute.
        elements: of the input map.
        see: called with -1 before the first step, and after each step with its number, and all maps
            by name.
    """
    maps = empty_maps(network, len(elements))
    maps[network.input][:] = elements
    for number, step in enumerate(network.steps):
        if number == 0 and see is not None:
            see(-1, maps)
        first, width = step.source.first_channel, step.source.channels
        source = maps[step.source.map][..., first : first + width]
        found = _result(step, source, network)
        place_in(maps[step.target.map], step.target, found)
        if see is not None:
            see(number, maps)
    first = network.output.first_channel
    return maps[network.output.map][..., first : first + network.output.channels].copy()


def shifted_sums(
    step: ConvolutionStep | WindowStep, source: np.ndarray, network: MapNetwork
) -> np.ndarray:
    """A step's sums after its shift, before they are rounded and what follows: float64.

    Args:
        step: one that multiplies.
        source: (m, rows, columns, channels) elements that it reads.
        network: that it is of.
    """

    def finish(total, epilogue, network):
        scale, shift = epilogue.post
        return total * (scale / 2.0**shift)

    return _result(step, source, network, finish, np.dtype(np.float64))


def _result(step, source, network, finish=None, dtype=None):
    compute = _convolved if isinstance(step, ConvolutionStep) else _windowed
    return compute(step, source, network, finish or _finished, dtype or network.dtype)


def empty_maps(network: MapNetwork, frames: int) -> dict[str, np.ndarray]:
    """All maps of so many frames, by name."""
    return {
        one.name: np.zeros((frames, one.height, one.width, one.channels), network.dtype)
        for one in network.maps
    }


def place_in(stored: np.ndarray, target: MapPlacement, found: np.ndarray) -> None:
    """Writes a step's result (m, rows, columns, channels) into the map that it is part of."""
    rows, columns = found.shape[1:3]
    (down, right), (first_row, first_column) = target.step, target.first
    place = (
        slice(None),
        slice(first_row, first_row + (rows - 1) * down + 1, down),
        slice(first_column, first_column + (columns - 1) * right + 1, right),
        slice(target.first_channel, target.first_channel + found.shape[3]),
    )
    stored[place] = found


def _convolved(step, source, network, finish, dtype):
    rows, columns = step.walk.output
    found = np.empty((len(source), rows, columns, step.weights.shape[1]), dtype)
    at_once = max(1, GATHERED // (len(step.weights) * columns))
    bias = step.bias.astype(np.int64)
    for frame in range(len(source)):
        for first in range(0, rows, at_once):
            part = range(first, min(first + at_once, rows))
            windows, _ = _gathered(source[frame], step.walk, part)
            total = add_products(windows.reshape(-1, len(step.weights)), step.weights)
            own = bias if len(bias) == 1 else bias[part.start * columns : part.stop * columns]
            done = finish(total + own, step.epilogue, network)
            found[frame, part.start : part.stop] = done.reshape(len(part), columns, -1)
    return found


def _windowed(step, source, network, finish, dtype):
    rows, columns = step.walk.output
    found = np.empty((len(source), rows, columns, source.shape[3]), dtype)
    taps = step.walk.kernel[0] * step.walk.kernel[1]
    at_once = max(1, GATHERED // (taps * source.shape[3] * columns))
    for frame in range(len(source)):
        for first in range(0, rows, at_once):
            part = range(first, min(first + at_once, rows))
            windows, inside = _gathered(source[frame], step.walk, part)
            found[frame, part.start : part.stop] = _window(step, windows, inside, network, finish)
    return found


def _window(step, windows, inside, network, finish):
    """(rows, columns, channels) of windows (rows, columns, taps, channels)."""
    if step.kind == "max":
        least = np.iinfo(network.dtype).min
        largest = np.where(inside[..., np.newaxis], windows, least).max(axis=2)
        return np.where(inside.any(axis=2)[..., np.newaxis], largest, 0)
    if step.kind == "average":
        count = np.maximum(inside.sum(axis=2), 1)[..., np.newaxis]
        total = np.where(inside[..., np.newaxis], windows, 0).sum(axis=2, dtype=np.int64)
        return (2 * total + count) // (2 * count)
    total = (windows.astype(np.int64) * step.weights.astype(np.int64)).sum(axis=2)
    return finish(total + step.bias.astype(np.int64)[0], step.epilogue, network)


def _gathered(frame: np.ndarray, walk: Walk, part: range):
    """(rows, columns, taps, channels) of some output rows, and whether each tap is in the map."""
    indices, inside = [], []
    for number, outputs in ((0, part), (1, range(walk.output[1]))):
        axis = Axis(
            walk.kernel[number],
            walk.stride[number],
            walk.dilation[number],
            walk.padding[number],
            walk.output[number],
        )
        places = places_of(axis)[outputs.start : outputs.stop]
        up = walk.upsampling[number]
        within = (places >= 0) & (places < frame.shape[number] * up)
        indices.append(np.where(within, places // up, 0))
        inside.append(within)
    rows, columns = indices
    found = frame[rows[:, np.newaxis, :, np.newaxis], columns[np.newaxis, :, np.newaxis, :]]
    seen = inside[0][:, np.newaxis, :, np.newaxis] & inside[1][np.newaxis, :, np.newaxis, :]
    found = np.where(seen[..., np.newaxis], found, np.array(walk.fill, frame.dtype))
    taps = walk.kernel[0] * walk.kernel[1]
    return found.reshape(*found.shape[:2], taps, -1), seen.reshape(*seen.shape[:2], taps)


def _finished(total: np.ndarray, epilogue: MapEpilogue, network: MapNetwork) -> np.ndarray:
    """Elements of sums, X included."""
    bits = 8 * network.dtype.itemsize
    half = 1 << (bits - 1)
    total = low_bits(total, 32 if bits == 8 else 48)
    t = shifted(total, *epilogue.post, network.round)
    c = np.clip(t, -half, half - 1) if network.saturate else low_bits(t, bits)
    table = _table(epilogue)
    if table is not None:
        return table.apply(c, bits).astype(network.dtype)
    scale, alpha = epilogue.prelu
    return np.where(c < 0, low_bits((c * scale) >> alpha, bits), c).astype(network.dtype)


def _table(epilogue: MapEpilogue) -> EntryTable | FunctionTable | None:
    activation = epilogue.activation
    if not activation:
        return None
    if epilogue.entries is not None:
        return EntryTable("table", epilogue.entries, activation["groups"], 1.0, 1.0)
    return FunctionTable(activation["activation"], *activation["fraction_bits"])
