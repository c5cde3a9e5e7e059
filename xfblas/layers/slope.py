"""A factor for negative values: rectifiers, with a slope that is a setting or a weight."""

from dataclasses import dataclass, replace

import numpy as np

from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import Operation, Place

#: A negative slope above 1 would overflow the engine's 16 bits where the sum itself does not.
LARGEST_SLOPE = 1.0


@dataclass(frozen=True, eq=False)
class Slope(Operation):
    """Negative values times one number.

    Attributes:
        slope: the number; 1 changes nothing.
    """

    slope: float

    @property
    def does_nothing(self) -> bool:
        """Whether it gives the values that it takes."""
        return self.slope == 1

    @property
    def is_for_engine(self) -> bool:
        """Whether the engine can multiply by it."""
        return abs(self.slope) <= LARGEST_SLOPE

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> "Slope":
        """See :meth:`Operation.at`."""
        return replace(self, place=place, shape=place.shapes[0])

    def on_host(self) -> HostOperation:
        """The same as a function of the host's."""
        reason = "no dense layer before it could take it in"
        if not self.is_for_engine:
            reason = f"its slope {self.slope:g} is above {LARGEST_SLOPE:g}, which could overflow"
        alpha = {} if self.slope == 0 else {"alpha": np.float32([self.slope])}
        function = "prelu" if alpha else "relu"
        return HostOperation(self.layer, function, {}, alpha, reason, place=self.place)


@dataclass(frozen=True, eq=False)
class LearnedSlopes(Operation):
    """A slope for each value, or for those along some axes: weights of the layer."""

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Operation:
        """A :class:`Slope` where all are the same, else the host's."""
        alpha, shape = weights["alpha"], place.shapes[0]
        fits = len(alpha.shape) == len(shape) and all(
            size in (1, of_row) or of_row is None
            for size, of_row in zip(alpha.shape, shape, strict=True)
        )
        if not fits or alpha.size == 0:
            expected = f"{shape} or 1 on shared axes"
            raise self.wrong_shape(place.where, "alpha", alpha, expected)
        if (alpha == alpha.flat[0]).all():
            return Slope(self.layer, float(alpha.flat[0])).at(place, {})
        refusal = (
            f"alpha has {alpha.size} values between {alpha.min()} and {alpha.max()}, but a layer "
            "of the engine has one slope: use shared_axes=[1]"
        )
        reason = f"it has {alpha.size} slopes, but a layer of the engine has one"
        arrays = {"alpha": alpha}
        found = HostOperation(self.layer, "prelu", {}, arrays, reason, refusal=refusal)
        return found.at(place, {})
