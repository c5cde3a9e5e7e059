"""The scale of each input feature.

Features of raw data differ in size by orders of magnitude, so each has its own scale; the first
layer's weights take it back, as in :mod:`~xfblas.quantization.folding`.

The rows tell less of one feature than of all: a pixel that was 0 in nearly every one of them may
still be as bright as the others. So a feature gets room for HEADROOM times what it used, less by
the number of values that came near its largest, and never more than the range of the largest
feature; one that was always 0 gets that range.

A feature whose values have few decimals (a count, a pixel, a price) becomes exact if its scale is a
whole multiple of 10**decimals: then no rounding is left.

Low digits (see :mod:`.input_coding`) are for the features whose rounding the first layer would
hear: with z its sums, feature k adds a noise of sum over j of W[k,j]**2 / (12 * S[k]**2), and those
that add most get one until the rest is WANTED decibels below the variance of z. Copies are for
features whose largest weight c[k] = max |W[k,j]| / S[k] stands out: with r extra inputs the largest
is m, and the m with the least m**2 * (1 + r / k)**3 is taken, so that equal weights gain none.
"""

import numpy as np

from xfblas.quantization.calibration import STILL, Calibration
from xfblas.quantization.histogram import Histogram

HEADROOM = 8
#: Decibels by which the rounding of inputs shall be below the goal.
WANTED = 4.0
#: Copies are for weights so uneven that they take this part of the rounding's power away.
WORTHWHILE = 0.7
#: Values near the largest from which on a feature needs no more room than the margin.
ENOUGH = 4


def ranges_with_room(seen: Calibration, largest: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The sizes that each feature shall hold, (k,), above 0.

    Args:
        seen: of the inputs.
        largest: (k,) from :func:`~xfblas.quantization.ranges.limits`.
        kernel: (k, n) float64 of the first layer.
    """
    whole = float(largest.max(initial=0.0)) or 1.0
    near = _count_near(seen.inputs)
    room = np.clip(HEADROOM * ENOUGH / np.maximum(near, 1), 1, HEADROOM)
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
    return np.maximum(wanted, largest)


def _count_near(histogram: Histogram) -> np.ndarray:
    """How many values of each feature reach half of its largest, (k,)."""
    bins = histogram.counts.shape[1]
    width = np.where(histogram.width > 0, histogram.width, 1.0)
    first = (histogram.largest / 2 / width).astype(np.int64)
    return (histogram.counts * (np.arange(bins) >= first[:, np.newaxis])).sum(axis=1)


def input_scales(
    calibration: Calibration, ranges: np.ndarray, limit: int, power_of_two: bool
) -> np.ndarray:
    """The scale of each input feature, (k,).

    Args:
        calibration: what the rows hold.
        ranges: (k,) the sizes to hold.
        limit: the largest integer an input may have.
        power_of_two: whether scales are powers of two.
    """
    scales = limit / ranges
    if power_of_two:
        return np.exp2(np.floor(np.log2(scales)))
    unit = 10.0 ** np.maximum(calibration.decimals, 0)
    multiple = np.floor(scales / unit)
    return np.where((calibration.decimals >= 0) & (multiple >= 1), multiple * unit, scales)


def exact_features(calibration: Calibration, scales: np.ndarray) -> np.ndarray:
    """Which features have no rounding, (k,) bool: whole multiples of their decimals' unit."""
    multiple = scales / 10.0 ** np.maximum(calibration.decimals, 0)
    is_whole = (np.abs(multiple - np.rint(multiple)) < 1e-9 * multiple) & (multiple >= 1)
    return (calibration.decimals >= 0) & is_whole


def input_columns(
    scale: np.ndarray, kernel: np.ndarray, exact: np.ndarray, variance: float, options
) -> np.ndarray | None:
    """Which digits the engine's inputs are, as :class:`.InputCoding` has them.

    Args:
        scale: (k,) of the features.
        kernel: (k, n) float64 of the first layer.
        exact: (k,) whether a feature has no rounding.
        variance: of the first layer's sums, added over its outputs.
        options: for bits and whether digits and copies are wanted.
    """
    features = len(scale)
    columns = [np.arange(features)]
    if options.input_copies:
        columns = [np.repeat(np.arange(features), _copies(np.abs(kernel).max(axis=1) / scale))]
    if options.input_base:
        noise = np.where(exact, 0.0, (kernel**2).sum(axis=1) / (12 * scale**2))
        order = np.argsort(noise, kind="stable")
        allowed = variance * 10 ** (-(options.goal + WANTED) / 10)
        loud = order[np.cumsum(noise[order]) > allowed]
        columns.append(features + np.sort(loud))
    joined = np.concatenate(columns)
    return None if np.array_equal(joined, np.arange(features)) else joined


def _copies(weights: np.ndarray) -> np.ndarray:
    """How many inputs each feature takes, (k,), from its largest weight."""
    largest = float(weights.max(initial=0.0))
    if not largest > 0:
        return np.ones(len(weights), np.int64)
    best, least = None, np.inf
    for exponent in np.linspace(0, -6, 49):
        bound = largest * 2.0**exponent
        copies = np.maximum(np.ceil(weights / bound * (1 - 1e-9)), 1).astype(np.int64)
        cost = bound**2 * (copies.sum() / len(weights)) ** 3
        if cost < least * (1 - 1e-9):
            best, least = copies, cost
    # More inputs cost time on the engine: for less than this gain equal weights are better.
    return best if least < WORTHWHILE * largest**2 else np.ones(len(weights), np.int64)
