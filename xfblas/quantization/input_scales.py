"""The scale of each input feature.

Features of raw data differ in size by orders of magnitude, so each has its own scale; the first
layer's weights take it back, as in :mod:`~xfblas.quantization.output_scales`.

The rows tell less of one feature than of all: a pixel that was 0 in nearly every one of them may
still be as bright as the others. So a feature gets room for HEADROOM times what it used, less by
the number of values that came near its largest, and never more than the range of the largest
feature; one that was always 0 gets that range. What the layers make of that is found out by rows
that nobody saw: the mean of all, with one such feature at the end of its range.

Low digits (see :mod:`.input_coding`) are for the features whose rounding the first layer would
hear: with z its sums, feature k adds a noise of sum over j of W[k,j]**2 / (12 * S[k]**2), and those
that add most get one until the rest is WANTED decibels below the variance of z. Copies are for
features whose largest weight c[k] = max |W[k,j]| / S[k] stands out: with r extra inputs the largest
is m, and the m with the least m**2 * (1 + r / k)**3 is taken, so that equal weights gain none.
"""

import numpy as np

from xfblas.quantization.calibration import STILL, Calibration
from xfblas.quantization.options import INPUT_ROOM, Options

HEADROOM = 8
#: Decibels by which the rounding of inputs shall be below the goal.
WANTED = 4.0
#: Copies are for weights so uneven that they take this part of the rounding's power away.
WORTHWHILE = 0.7
#: Values near the largest from which on a feature needs no more room than the margin.
ENOUGH = 4


def ranges_with_room(seen: Calibration, kernel: np.ndarray, options: Options) -> np.ndarray:
    """The sizes that each feature shall hold, (k,), above 0.

    Args:
        seen: what calibration saw.
        kernel: (k, n) float64 of the first layer.
        options: the caller's.
    """
    largest = seen.largest
    whole = float(largest.max(initial=0.0)) or 1.0
    room = np.clip(HEADROOM * ENOUGH / np.maximum(_near(seen), 1), 1, HEADROOM)
    wanted = np.where(largest > 0, np.minimum(room * largest, whole), whole)
    # Of a feature that hardly varied, other rows may hold anything of its size.
    size = np.abs(seen.offset)
    is_still = (size > 0) & (seen.high - seen.low <= STILL * size)
    wanted = np.where(is_still, np.maximum(whole, size), wanted)
    # A range times its weight is what shares one scale with all others: room is free up to the
    # largest of these products, and beyond it would take bits from every other weight.
    weights = np.abs(kernel).max(axis=1)
    heaviest = float((weights * largest).max(initial=0.0))
    if heaviest > 0:
        wanted = np.minimum(wanted, heaviest / np.maximum(weights, heaviest / wanted))
    return np.maximum(wanted, largest) * INPUT_ROOM[options.bits]


def has_seldom(seen: Calibration) -> bool:
    """Whether a feature was near its largest size in fewer than ENOUGH rows, or was 0 in all."""
    was_zero = (seen.largest == 0) & (seen.offset == 0)
    return bool(((_near(seen) < ENOUGH) | was_zero).any())


def _near(seen: Calibration) -> np.ndarray:
    """How many values of each feature came near its largest: as many of all as of the sample."""
    is_near = np.abs(seen.sample - seen.offset) >= seen.largest / 2
    return is_near.mean(axis=0) * seen.rows


def extremes(seen: Calibration, ranges: np.ndarray, options: Options) -> np.ndarray:
    """Rows (m, k) with one feature each that reaches farther than calibration saw it.

    Args:
        seen: what calibration saw.
        ranges: (k,) of :func:`ranges_with_room`.
        options: the caller's.
    """
    rare = np.flatnonzero(ranges > 1.01 * INPUT_ROOM[options.bits] * seen.largest)
    centered = seen.sample - seen.offset
    largest = centered[np.abs(centered).argmax(axis=0), np.arange(len(ranges))]
    ends = seen.offset + np.where(largest < 0, -ranges, ranges)
    rows = np.tile(seen.sample.mean(axis=0), (len(rare), 1))
    rows[np.arange(len(rare)), rare] = ends[rare]
    return rows


def input_scales(ranges: np.ndarray, limit: int, power_of_two: bool) -> np.ndarray:
    """The scale of each input feature, (k,).

    Args:
        ranges: (k,) the sizes to hold.
        limit: the largest integer an input may have.
        power_of_two: whether scales are powers of two.
    """
    scales = limit / ranges
    return np.exp2(np.floor(np.log2(scales))) if power_of_two else scales


def input_columns(
    scale: np.ndarray,
    kernel: np.ndarray,
    variance: float,
    variant,
    goal: float,
    most: float,
) -> np.ndarray | None:
    """Which digits the engine's inputs are, as :class:`.InputCoding` has them.

    Args:
        scale: (k,) of the features.
        kernel: (k, n) float64 of the first layer.
        variance: of the first layer's sums, added over its outputs.
        variant: whether digits and copies are wanted.
        goal: decibels of the logits.
        most: inputs that may be added.
    """
    features = len(scale)
    columns = [np.arange(features, dtype=np.int64)]
    if variant.has_copies:
        copies = _copies(np.abs(kernel).max(axis=1) / scale, most)
        # As numpy counts, which on a CPU of 32 bits takes no int64.
        columns = [np.repeat(columns[0], copies.astype(np.intp))]
        most -= copies.sum() - features
    if variant.base:
        noise = (kernel**2).sum(axis=1) / (12 * scale**2)
        order = np.argsort(noise, kind="stable")
        allowed = variance * 10 ** (-(goal + WANTED) / 10)
        loud = order[np.cumsum(noise[order]) > allowed]
        loud = loud[max(0, len(loud) - int(min(most, features))) :]
        columns.append(features + np.sort(loud))
    joined = np.concatenate(columns)
    return None if np.array_equal(joined, np.arange(features)) else joined


def _copies(weights: np.ndarray, most: float) -> np.ndarray:
    """How many inputs each feature takes, (k,), from its largest weight; at most that many more."""
    largest = float(weights.max(initial=0.0))
    if not largest > 0:
        return np.ones(len(weights), np.int64)
    best, least = None, np.inf
    # The largest comes down until so many inputs are added.
    for exponent in np.linspace(0, -6, 49):
        bound = largest * 2.0**exponent
        copies = np.maximum(np.ceil(weights / bound * (1 - 1e-9)), 1).astype(np.int64)
        if copies.sum() > len(weights) + most:
            break
        cost = bound**2 * (copies.sum() / len(weights)) ** 3
        if cost < least * (1 - 1e-9):
            best, least = copies, cost
    # More inputs cost time on the engine: for less than this gain equal weights are better.
    return best if least < WORTHWHILE * largest**2 else np.ones(len(weights), np.int64)
