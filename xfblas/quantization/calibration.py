"""One pass of the float network over the calibration rows, which may come in chunks.

What is kept of them does not grow with their number: the largest size of every feature of every
layer, its least and largest value, and a sample of at most SAMPLE rows, drawn so that every row has
the same chance (each new row takes the place of a random one with probability SAMPLE / rows so
far).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from xfblas.arrays import as_rows
from xfblas.errors import InvalidValueError
from xfblas.quantization.preparation import PreparedLayer

SAMPLE = 1024
CHUNK = 4096
SEED = 7
#: Features that use less than this share of their size are centred, sparse ones apart.
NARROW = 0.4
SPARSE = 0.2
FEWEST_ROWS = 16
#: Features that use less than this share of it may have varied by chance or by rounding alone.
STILL = 2.0**-12
#: So many times what all others need is too much for a feature that hardly varied.
DROWNING = 16


@dataclass(frozen=True, eq=False)
class Calibration:
    """What calibration saw.

    Attributes:
        rows: how many there were.
        offset: (k,) float64, what was subtracted from every input.
        largest: (k,) float64, the largest size of each input, less the offset.
        layers: for each form of the network, (n,) float64 of what each layer puts out, or of its
            sums where an activation other than ReLU makes no value larger.
        sample: (rows, k) float64 inputs.
        low, high: (k,) float64, the ends of every input.
        ends: the same of what each layer of the first form puts out.
    """

    rows: int
    offset: np.ndarray
    largest: np.ndarray
    layers: tuple[list[np.ndarray], ...]
    sample: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ends: list[tuple[np.ndarray, np.ndarray]]


def calibrate(forms: list[list[PreparedLayer]], rows, legacy: bool) -> Calibration:
    """Runs each form of a network over the rows.

    Args:
        forms: each from :func:`~xfblas.quantization.preparation.prepare`.
        rows: (m, k) numbers, or an iterator or generator of such chunks.
        legacy: whether sums that a ReLU takes to 0 must fit too, because they would wrap.

    Raises:
        InvalidValueError: rows are empty, not finite, or of another width.
    """
    units = forms[0][0].kernel.shape[0]
    largest = np.zeros(units)
    layers = [[np.zeros(layer.kernel.shape[1]) for layer in form] for form in forms]
    generator = np.random.default_rng(SEED)
    sample, count, offset = np.empty((0, units)), 0, None
    ends = [(np.inf, -np.inf)] * (len(layers[0]) + 1)
    for given in _chunks(rows, units):
        if offset is None:
            offset = centers(given, forms[0][0].kernel, forms[0][0].center)
            if legacy:
                # The public engine's host has no offsets, so only what the model states is centred.
                stated = 0.0 if forms[0][0].center is None else forms[0][0].center
                offset = np.where(stated == 0, 0.0, offset)
        sample = _draw(generator, sample, given, count)
        count += len(given)
        largest = np.maximum(largest, np.abs(given - offset).max(axis=0))
        ends[0] = _widened(ends[0], given)
        for form, found in zip(forms, layers, strict=True):
            current = given
            for index, layer in enumerate(form):
                sums = layer.sums(current)
                current = layer.activate(sums)
                is_rectified = layer.activation == "relu" and not layer.has_table
                told = current if is_rectified and not legacy else sums
                found[index] = np.maximum(found[index], np.abs(told).max(axis=0))
                if form is forms[0]:
                    ends[index + 1] = _widened(ends[index + 1], current)
    if count == 0:
        raise InvalidValueError("calibration has no rows, expected 1 or more")
    return Calibration(count, offset, largest, tuple(layers), sample, *ends[0], ends[1:])


def centers(rows: np.ndarray, kernel=None, stated=None) -> np.ndarray:
    """What to subtract from each feature of (m, k) rows, (k,): 0 where that gains little.

    A feature that stays within a small part of its size, as a temperature in kelvin does, would use
    few of the integers; so its middle becomes 0. Not so a feature that is often 0, as a pixel or a
    count, because what it is on other rows tells little of its range.

    Of a feature that hardly varied, or of few rows, the rows do not tell the range either. It keeps
    room for all of its size unless that would drown the others, as 20240131 beside ages does.

    Args:
        rows: the calibration's first.
        kernel: (k, n) of the first layer; by default features are of equal weight.
        stated: (k,) the center that the model's own layers subtract; None for zeros.
    """
    units = rows.shape[1]
    stated = np.zeros(units) if stated is None else stated
    weights = np.ones(units) if kernel is None else np.abs(kernel).max(axis=1)
    low, high = rows.min(axis=0), rows.max(axis=0)
    is_few = np.full(units, len(rows) < FEWEST_ROWS)
    # What the model states tells more than few rows do, or such as are all alike.
    middle = np.where((stated != 0) & (is_few | (low == high)), stated, (low + high) / 2)
    half, largest = np.maximum(high - middle, middle - low), np.maximum(-low, high)
    is_narrow = half <= NARROW * largest
    is_alike = (low == high) | (half < STILL * largest)
    is_still = is_narrow & np.where(is_few, stated != 0, is_alike)
    needed = float((weights * np.where(is_narrow, half, largest)).max())
    is_drowning = (weights * largest > DROWNING * needed) & ((needed > 0) | (stated != 0))
    is_centred = is_narrow & ~is_few & ((rows == 0).mean(axis=0) < SPARSE)
    is_centred = np.where(is_still, is_drowning, is_centred)
    # On a grid of the feature's own decimals, so that what was exact stays exact.
    unit = 10.0 ** (np.floor(np.log10(np.where(half > 0, half, 1.0))) - 1)
    return np.where(is_centred, np.where(half > 0, np.rint(middle / unit) * unit, middle), 0.0)


def _chunks(rows, units: int):
    """Float64 chunks (m, units) of bounded size."""
    is_stream = isinstance(rows, Iterable) and not hasattr(rows, "__len__")
    for given in rows if is_stream else (rows,):
        checked = as_rows("calibration", given, units, np.float32)
        for first in range(0, len(checked), CHUNK):
            yield checked[first : first + CHUNK].astype(np.float64)


def _draw(generator, sample: np.ndarray, chunk: np.ndarray, count: int) -> np.ndarray:
    """The sample after ``count`` rows and the chunk's."""
    room = SAMPLE - len(sample)
    sample = np.concatenate([sample, chunk[:room]])
    rest = chunk[room:] if room > 0 else chunk
    before = count + len(chunk) - len(rest)
    places = generator.integers(0, before + 1 + np.arange(len(rest)))
    kept = np.flatnonzero(places < SAMPLE)
    # Of two rows that took one place the later stays, as if they had come one by one.
    sample[places[kept]] = rest[kept]
    return sample


def _widened(ends, rows):
    """The least and the largest value of each feature, (k,) each, with more rows."""
    low, high = ends
    return np.minimum(low, rows.min(axis=0)), np.maximum(high, rows.max(axis=0))
