"""What Normalization and its like compute of each value: ``(x - center) * scale + shift``.

With ``x * scale + (shift - center * scale)`` a feature whose mean is 10**6 times its deviation
would be a small difference of two large numbers, each rounded on its own. So the center stays
apart until it is subtracted from the values themselves, and two in a row become one of the kind:

    ((x - c) * s + t - d) * u + v = (x - (c - (t - d) / s)) * (s * u) + v                   (1)

which leaves in the shift only what the second adds. All of it is float64.
"""

from dataclasses import dataclass

import numpy as np

#: A center beyond this is not of a feature, but of a scale that is next to 0.
LARGEST_CENTER = 1e30


@dataclass(frozen=True, eq=False)
class Affine:
    """The three constants, float64 arrays that broadcast to each other.

    Attributes:
        scale, center, shift: see above.
    """

    scale: np.ndarray
    center: np.ndarray
    shift: np.ndarray

    @classmethod
    def of(cls, scale: np.ndarray, shift: np.ndarray) -> "Affine":
        """``x * scale + shift``, without a shift where the scale is not 0."""
        zero = np.zeros(())
        return cls(scale, zero, shift).then(cls(np.ones(()), zero, zero))

    def then(self, other: "Affine") -> "Affine":
        """This and then the other, by equation (1) where the scale is not 0."""
        between = self.shift - other.center
        with np.errstate(all="ignore"):
            center = self.center - between / self.scale
        is_moved = np.abs(center) < LARGEST_CENTER
        kept = between * other.scale + other.shift
        return Affine(
            self.scale * other.scale,
            np.where(is_moved, center, self.center),
            np.where(is_moved, other.shift, kept),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """What :func:`~xfblas.layers.normalizations.scale` takes, by name."""
        arrays = {"scale": self.scale, "shift": self.shift}
        return arrays | {"center": self.center} if self.center.any() else arrays

    def each(self, change) -> "Affine":
        """With all three changed by a function of an array."""
        return Affine(change(self.scale), change(self.center), change(self.shift))
