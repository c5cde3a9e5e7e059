"""From float rows to the integers of the first layer: centre, scale, one or two digits, copies.

A feature x becomes a = (x - offset) * scale. Where an element is too coarse for it, it takes two of
the first layer's inputs, as a number takes two digits:

    high = round(a),    low = round((a - high) * base)                                     (1)

whose weights are W / scale and W / (scale * base). The low digit's size is at most base / 2, so
it adds little to the bound of a sum. And a feature whose weights are far larger than all others',
which share one scale with them, may be there c times with a c-th of its weights each: the sum is
the same, and the others keep their bits.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class InputCoding:
    """How inputs become integers.

    Attributes:
        scale: (k,) integers per unit.
        offset: (k,) what stands for 0, or None.
        limit: the largest size of a high digit.
        base: of the low digits, even; 0 where there are none.
        columns: which digit each of the engine's inputs is: f for the high one of feature f, k + f
            for its low one. None where they are the k features.
    """

    scale: np.ndarray
    offset: np.ndarray | None
    limit: int
    base: int = 0
    columns: np.ndarray | None = None

    @property
    def features(self) -> int:
        """Values in a row of floats."""
        return len(self.scale)

    def __repr__(self):
        inputs = self.features if self.columns is None else len(self.columns)
        return f"<InputCoding of {self.features} features in {inputs} integers>"

    def encode(self, rows: np.ndarray) -> np.ndarray:
        """Whole float64 (m, inputs) of finite rows (m, k)."""
        rows = rows.astype(np.float64, copy=False)
        if self.offset is not None:
            rows = rows - self.offset
        # Float64 holds what any float32 input times a scale gives.
        scaled = rows * self.scale
        high = np.clip(np.rint(scaled), -self.limit, self.limit)
        if self.columns is None:
            return high
        if not self.base:
            return high[:, self.columns]
        half = self.base // 2
        low = np.clip(np.rint((scaled - high) * self.base), -half, half)
        return np.hstack([high, low])[:, self.columns]

    def clipped(self, rows: np.ndarray) -> np.ndarray:
        """How many times its limit each value is that :meth:`encode` clips; (m, k), else 0."""
        offset = 0 if self.offset is None else self.offset
        sizes = np.abs((rows.astype(np.float64) - offset) * self.scale)
        return np.where(sizes > self.limit + 0.5, sizes / self.limit, 0.0)

    def scales(self) -> np.ndarray:
        """(inputs,) what the weights of each of the engine's inputs are divided by."""
        if self.columns is None:
            return self.scale
        copies = np.bincount(self.columns.astype(np.intp), minlength=2 * self.features)
        digits = np.concatenate([self.scale, self.scale * (self.base or 1)])
        return (digits * copies)[self.columns]

    def sources(self) -> np.ndarray:
        """(inputs,) the feature that each of the engine's inputs is a digit of."""
        if self.columns is None:
            return np.arange(self.features)
        return self.columns % self.features

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest integer of each of the engine's inputs, int64."""
        high = np.full(self.features, self.limit)
        size = np.concatenate([high, np.full(self.features, self.base // 2)])
        size = size[np.arange(self.features) if self.columns is None else self.columns]
        return -size.astype(np.int64), size.astype(np.int64)
