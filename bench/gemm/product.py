"""A matrix product and its operands, of several kinds of data."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: Network data: weights are normal with this standard deviation, cut off at 32,767 ...
WEIGHT_DEVIATION = 8192
#: ... and activations are the sizes of normal numbers with this one, as behind a ReLU.
ACTIVATION_DEVIATION = 300
#: Rows of a result that are compared with the reference.
CHECKED_ROWS = 4


@dataclass(frozen=True)
class Product:
    """C = A B with A (m, k) and B (k, n); every candidate takes the same numbers."""

    m: int
    k: int
    n: int

    @property
    def name(self) -> str:
        """``512`` for cubes, else ``16x784x512``."""
        cube = self.m == self.k == self.n
        return str(self.m) if cube else f"{self.m}x{self.k}x{self.n}"

    @property
    def macs(self) -> int:
        """Multiplications."""
        return self.m * self.k * self.n

    @cached_property
    def full_range(self) -> tuple[np.ndarray, np.ndarray]:
        """int16 operands, uniform over all values."""
        return self._uniform(np.int16)

    @cached_property
    def network(self) -> tuple[np.ndarray, np.ndarray]:
        """int16 operands as in a trained network: non-negative activations, normal weights.

        In blocks of 256 along k the norms of a row, about 4,800, and of a column, about 131,000,
        prove by Cauchy-Schwarz that the sum fits 32 bits; for the whole k they do up to about 800.
        """
        generator = np.random.default_rng(1)
        a = np.abs(generator.normal(0, ACTIVATION_DEVIATION, (self.m, self.k)))
        b = generator.normal(0, WEIGHT_DEVIATION, (self.k, self.n))
        return tuple(np.clip(np.rint(x), -32767, 32767).astype(np.int16) for x in (a, b))

    @cached_property
    def bytes(self) -> tuple[np.ndarray, np.ndarray]:
        """int8 operands, uniform over all values."""
        return self._uniform(np.int8)

    @cached_property
    def floats(self) -> tuple[np.ndarray, np.ndarray]:
        """float32 operands, normal."""
        generator = np.random.default_rng(2)
        return tuple(
            generator.standard_normal(shape, np.float32)
            for shape in ((self.m, self.k), (self.k, self.n))
        )

    def _uniform(self, dtype) -> tuple[np.ndarray, np.ndarray]:
        generator = np.random.default_rng(0)
        limits = np.iinfo(dtype)
        return tuple(
            generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
            for shape in ((self.m, self.k), (self.k, self.n))
        )


def exact_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The first rows of a product of integers, exact, int64."""
    # In float64 sums of less than 2^53 are exact, and numpy has a BLAS for it.
    return (a[:CHECKED_ROWS].astype(np.float64) @ b.astype(np.float64)).astype(np.int64)
