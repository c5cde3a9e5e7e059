"""One pass of the float network over the calibration rows, which may come in chunks.

What is kept of them does not grow with their number: the largest size of every feature of every
layer, and a sample of at most SAMPLE rows, drawn so that every row has the same chance (each new
row takes the place of a random one with probability SAMPLE / rows so far).
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
    """

    rows: int
    offset: np.ndarray
    largest: np.ndarray
    layers: tuple[list[np.ndarray], ...]
    sample: np.ndarray


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
    for given in _chunks(rows, units):
        if offset is None:
            offset = np.zeros(units) if legacy else centers(given)
        sample = _draw(generator, sample, given, count)
        count += len(given)
        largest = np.maximum(largest, np.abs(given - offset).max(axis=0))
        for form, found in zip(forms, layers, strict=True):
            current = given
            for index, layer in enumerate(form):
                sums = layer.sums(current)
                current = layer.activate(sums)
                told = current if layer.activation == "relu" and not legacy else sums
                found[index] = np.maximum(found[index], np.abs(told).max(axis=0))
    if count == 0:
        raise InvalidValueError("calibration has no rows, expected 1 or more")
    return Calibration(count, offset, largest, tuple(layers), sample)


def centers(rows: np.ndarray) -> np.ndarray:
    """What to subtract from each feature of (m, k) rows, (k,): 0 where that gains little.

    A feature that stays within a small part of its size, as a temperature in kelvin does, would use
    few of the integers; so its middle becomes 0. Not so a feature that is often 0, as a pixel or a
    count, because what it is on other rows tells little of its range; nor one that never changed.
    """
    if len(rows) < FEWEST_ROWS:
        return np.zeros(rows.shape[1])
    low, high = rows.min(axis=0), rows.max(axis=0)
    half, largest = (high - low) / 2, np.maximum(-low, high)
    is_narrow = (half <= NARROW * largest) & (half >= largest * 2.0**-12)
    is_narrow &= (rows == 0).mean(axis=0) < SPARSE
    # On a grid of the feature's own decimals, so that what was exact stays exact.
    unit = 10.0 ** -np.ceil(np.maximum(-np.log10(np.maximum(half, 1e-30)), 0) + 1)
    return np.where(is_narrow, np.rint((low + high) / 2 / unit) * unit, 0.0)


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
