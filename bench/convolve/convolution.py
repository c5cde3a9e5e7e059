"""A convolution and its operands, of several kinds of data."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

KERNEL = 3
#: Sums of int16 products fit 32 bits with activations of all 15 bits and weights up to this, / k.
WEIGHTS_OF_K = 100_000
#: Output rows that are compared with the reference.
CHECKED_ROWS = 1


@dataclass(frozen=True)
class Convolution:
    """3 x 3 with `same` padding of zeros: (height, width, channels) to (height, width, n)."""

    height: int
    width: int
    channels: int
    n: int

    @property
    def name(self) -> str:
        """Such as ``256x512, 64 to 64``."""
        return f"{self.height}x{self.width}, {self.channels} to {self.n}"

    @property
    def k(self) -> int:
        """Products of each sum."""
        return KERNEL * KERNEL * self.channels

    @property
    def macs(self) -> int:
        """Multiplications."""
        return self.height * self.width * self.k * self.n

    @cached_property
    def bytes(self) -> tuple[np.ndarray, np.ndarray]:
        """int8 map and weights (k, n); the map is not negative, as behind a ReLU."""
        return self._uniform(np.int8, 127, 127)

    @cached_property
    def words(self) -> tuple[np.ndarray, np.ndarray]:
        """int16 map and weights whose sums fit 32 bits."""
        return self._uniform(np.int16, 32767, max(1, WEIGHTS_OF_K // self.k))

    @cached_property
    def wide_words(self) -> tuple[np.ndarray, np.ndarray]:
        """int16 map and weights of all 16 bits."""
        return self._uniform(np.int16, 32767, 32767)

    def _uniform(self, dtype, largest, largest_weight):
        generator = np.random.default_rng(0)
        shape = self.height, self.width, self.channels
        return (
            generator.integers(0, largest, shape, dtype, endpoint=True),
            generator.integers(
                -largest_weight, largest_weight, (self.k, self.n), dtype, endpoint=True
            ),
        )


def exact_rows(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The first output rows (rows * width, n) of a convolution of integers, exact, int64."""
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))[: CHECKED_ROWS + 2]
    windows = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL), (0, 1))
    rows = windows.transpose(0, 1, 3, 4, 2).reshape(-1, len(weights))
    # In float64 sums of less than 2^53 are exact, and numpy has a BLAS for it.
    return (rows.astype(np.float64) @ weights.astype(np.float64)).astype(np.int64)
