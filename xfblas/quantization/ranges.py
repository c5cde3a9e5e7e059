"""How large a value may be before it saturates: min-max, percentile, least squares, entropy.

A feature with limit c is stored in steps of c / L, where L is the largest integer. Of the values x
that calibration saw, N(c) lie within c and are rounded; the others are clipped to c. The error is

    E(c) = N(c) * (c / L)**2 / 12 + sum over |x| > c of (|x| - c)**2                       (1)

``mse`` takes the c with the least E. ``entropy`` takes the c where the clipped histogram P and its
copy Q in L steps differ least in Kullback and Leibler's sense, sum P * log(P / Q). ``percentile``
clips a given share of the values. ``minmax`` clips none that was seen.
"""

import numpy as np

from xfblas.quantization.histogram import Histogram

ACTIVATION_METHODS = ("minmax", "percentile", "mse", "entropy")
WEIGHT_METHODS = ("minmax", "percentile", "mse")


def limits(histogram: Histogram, method: str, percentile: float, levels: int) -> np.ndarray:
    """The limit of each feature, (n,) float64, 0 where nothing but zeros was seen.

    Args:
        histogram: of the sizes.
        method: one of :data:`ACTIVATION_METHODS`.
        percentile: of the sizes to keep, 0 to 100, for that method.
        levels: L above.
    """
    if method == "minmax":
        return histogram.largest.copy()
    chosen = {
        "percentile": lambda: _percentile(histogram, percentile),
        "mse": lambda: _least_squares(histogram, levels),
        "entropy": lambda: _least_divergence(histogram, levels),
    }[method]()
    return np.minimum(chosen, histogram.largest)


def size_limits(histogram: Histogram, options, levels: int) -> np.ndarray:
    """:func:`limits` as the options ask for them, of all features together or one by one."""
    chosen = (options.activations, options.percentile, levels)
    if not options.per_channel and options.activations != "minmax":
        return np.minimum(histogram.largest, limits(histogram.merged(), *chosen)[0])
    return limits(histogram, *chosen)


def weight_limit(weights: np.ndarray, importance, method: str, percentile: float, levels: int):
    """The limit of a matrix of weights, by which all share one scale.

    Args:
        weights: (k, n) float64.
        importance: (k,) mean square of each input, which weighs the errors of ``mse``.
        method: one of :data:`WEIGHT_METHODS`.
        percentile, levels: as in :func:`limits`.
    """
    sizes = np.abs(weights)
    largest = float(sizes.max())
    if method == "minmax" or largest == 0:
        return largest
    if method == "percentile":
        return float(np.percentile(sizes, percentile)) or largest
    best, least = largest, np.inf
    for share in np.linspace(0.3, 1.0, 71):
        step = share * largest / levels
        rounded = np.clip(np.rint(weights / step), -levels, levels) * step
        error = float(importance @ ((rounded - weights) ** 2).sum(axis=1))
        if error < least:
            best, least = share * largest, error
    return best


def _percentile(histogram: Histogram, percentile: float) -> np.ndarray:
    """The upper end of the bin in which that share of the values is reached."""
    reached = np.cumsum(histogram.counts, axis=1) >= histogram.rows * percentile / 100
    return (reached.argmax(axis=1) + 1) * histogram.width


def _least_squares(histogram: Histogram, levels: int) -> np.ndarray:
    """Equation (1) for a limit at the end of every bin, in units of a bin's width."""
    centers = np.arange(histogram.bins) + 0.5
    counts = histogram.counts.astype(np.float64)
    limit = np.arange(1, histogram.bins + 1, dtype=np.float64)
    inside = np.cumsum(counts, axis=1)
    total, first, second = (
        (counts * centers**power).sum(axis=1, keepdims=True) for power in range(3)
    )
    beyond = total - inside
    beyond_first = first - np.cumsum(counts * centers, axis=1)
    beyond_second = second - np.cumsum(counts * centers**2, axis=1)
    clipped = beyond_second - 2 * limit * beyond_first + limit**2 * beyond
    error = inside * (limit / levels) ** 2 / 12 + np.maximum(clipped, 0)
    return (error.argmin(axis=1) + 1) * histogram.width


def _least_divergence(histogram: Histogram, levels: int) -> np.ndarray:
    """The limit with the least divergence, in sixteenths of the levels from the lowest on.

    One share of their largest values for all features: each alone has too few values to fill its
    bins, and P and Q would differ by chance more than by clipping.
    """
    bins = histogram.bins
    if levels >= bins:
        return histogram.largest.copy()
    largest = np.where(histogram.largest > 0, histogram.largest, 1.0)
    centers = (np.arange(bins) + 0.5) * (histogram.width / largest)[:, np.newaxis]
    places = np.minimum((centers * bins).astype(np.int64), bins - 1)
    counts = np.bincount(places.ravel(), histogram.counts.ravel(), bins)
    # Zeros are exact whatever the limit; their number would hide all else.
    counts[0] = 0
    best, least = bins, np.inf
    for kept in range(levels, bins + 1, max(1, levels // 16)):
        clipped = counts[:kept].copy()
        clipped[-1] += counts[kept:].sum()
        divergence = _divergence(counts[:kept], clipped, levels)
        if divergence < least:
            best, least = kept, divergence
    return histogram.largest * best / bins


def _divergence(original: np.ndarray, clipped: np.ndarray, levels: int) -> float:
    """Sum P log(P / Q): Q spreads each level's count over its bins that are not empty."""
    first = np.floor(np.arange(levels) * len(original) / levels).astype(np.int64)
    present = (original > 0).astype(np.float64)
    mean = np.add.reduceat(original, first) / np.maximum(np.add.reduceat(present, first), 1)
    spread = np.repeat(mean, np.diff(np.append(first, len(original)))) * present
    p = clipped / max(clipped.sum(), 1)
    q = spread / max(spread.sum(), 1)
    # A bin that clipping filled and that was empty before costs as much as the smallest share.
    tiny = 1e-9
    return float(np.where(p > 0, p * np.log((p + tiny) / (q + tiny)), 0.0).sum())
