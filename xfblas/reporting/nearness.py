"""How near two arrays are, added up over chunks of rows."""

import math

import numpy as np

from xfblas.quantization.comparison import power_ratio


class Nearness:
    """Signal to noise and cosine of everything that was added.

    With f the float values and q the quantized ones,

        decibels = 10 log10(sum f**2 / sum (q - f)**2)                                     (1)
        cosine   = sum f * q / sqrt(sum f**2 * sum q**2)                                   (2)
    """

    def __init__(self):
        self._signal = self._noise = self._product = self._found = 0.0
        self.largest = 0.0
        self.values = 0

    def add(self, expected: np.ndarray, found: np.ndarray) -> None:
        """Two arrays of one shape: the float values and the quantized ones."""
        f, q = np.asarray(expected, np.float64), np.asarray(found, np.float64)
        difference = q - f
        self._signal += float(np.vdot(f, f))
        self._noise += float(np.vdot(difference, difference))
        self._product += float(np.vdot(f, q))
        self._found += float(np.vdot(q, q))
        self.largest = max(self.largest, float(np.abs(difference).max(initial=0.0)))
        self.values += f.size

    @property
    def decibels(self) -> float | None:
        """Equation (1): infinite where both are equal, None where all float values are 0."""
        found = power_ratio(self._signal, self._noise)
        return None if found == -math.inf else found

    @property
    def cosine(self) -> float | None:
        """Equation (2), None where all values of one are 0."""
        size = math.sqrt(self._signal * self._found)
        return min(self._product / size, 1.0) if size > 0 else None
