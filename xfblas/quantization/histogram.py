"""The sizes of values, feature by feature, counted chunk by chunk in memory that does not grow.

Every feature has bins of one width, a power of two: BINS of them, or fewer where there are very
many features. A value beyond the last bin doubles the
width as often as needed, which adds neighbouring bins in pairs: no count is ever lost or moved to
a bin that does not hold it, so chunks give what all rows at once would give.
"""

import numpy as np

BINS = 1024
COUNTS = 2**22


class Histogram:
    """Counts of |x| for each of n features.

    Attributes:
        largest: (n,) float64, the largest size of each feature so far.
        bins: how many there are for each feature.
        counts: (n, bins) int64; bin i holds sizes from i*width to (i+1)*width.
        width: (n,) float64, powers of two.
        rows: how many rows were added.
    """

    def __init__(self, features: int, bins: int | None = None):
        self.bins = bins or max(16, min(BINS, 2 ** (COUNTS // features).bit_length() // 2))
        self.largest = np.zeros(features)
        self.counts = np.zeros((features, self.bins), np.int64)
        self.width = np.zeros(features)
        self.rows = 0

    def add(self, rows: np.ndarray) -> None:
        """Counts the sizes of finite rows (m, n)."""
        sizes = np.abs(rows.astype(np.float64))
        if len(sizes) == 0:
            return
        self.largest = np.maximum(self.largest, sizes.max(axis=0))
        self._widen()
        width = np.where(self.width > 0, self.width, 1.0)
        bins = np.minimum((sizes / width).astype(np.int64), self.bins - 1)
        bins += np.arange(len(self.largest)) * self.bins
        self.counts += np.bincount(bins.ravel(), minlength=self.counts.size).reshape(
            self.counts.shape
        )
        self.rows += len(sizes)

    def _widen(self) -> None:
        """Makes the largest size of every feature fit its last bin."""
        with np.errstate(divide="ignore"):
            exponent = np.floor(np.log2(self.largest / self.bins)) + 1
        needed = np.where(self.largest > 0, np.exp2(np.maximum(exponent, -1000)), 0.0)
        fresh = (self.width == 0) & (needed > 0)
        # What was counted so far without a width was zero, which is in bin 0 of any.
        self.width[fresh] = needed[fresh]
        wider = np.flatnonzero(needed > self.width)
        factors = (needed[wider] / self.width[wider]).astype(np.int64)
        for factor in np.unique(factors):
            which = wider[factors == factor]
            self.counts[which] = _joined(self.counts[which], int(factor))
        self.width[wider] = needed[wider]

    def merged(self) -> "Histogram":
        """One feature with the counts of all."""
        whole = Histogram(1, self.bins)
        whole.largest[0] = self.largest.max(initial=0.0)
        whole.width[0] = self.width.max(initial=0.0)
        whole.rows = self.rows * len(self.largest)
        for feature, width in enumerate(self.width):
            factor = whole.width[0] / width if width > 0 else 1
            joined = _joined(self.counts[feature : feature + 1], int(min(factor, self.bins)))
            whole.counts += joined
        return whole

    def count_beyond(self, sizes: np.ndarray) -> int:
        """How many values are larger than their feature's ``sizes`` (n,), as far as bins tell."""
        width = np.where(self.width > 0, self.width, 1.0)
        first = np.minimum(sizes / width, self.bins).astype(np.int64) + 1
        return int(self.counts[np.arange(self.bins) >= first[:, np.newaxis]].sum())


def _joined(counts: np.ndarray, factor: int) -> np.ndarray:
    """Adds neighbouring bins of (n, bins) so that each covers ``factor`` times its width."""
    if factor <= 1:
        return counts
    result = np.zeros_like(counts)
    if factor >= counts.shape[1]:
        result[:, 0] = counts.sum(axis=1)
        return result
    kept = counts.shape[1] // factor
    result[:, :kept] = counts.reshape(len(counts), kept, factor).sum(axis=2)
    return result
