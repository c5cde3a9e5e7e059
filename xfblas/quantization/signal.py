"""What flows from one layer to the next while a network is made."""

from dataclasses import dataclass, replace

import numpy as np

from xfblas.quantization import bounds


@dataclass(frozen=True, eq=False)
class Signal:
    """The engine's inputs of a layer.

    Attributes:
        scale: (k,) integers per unit.
        zero_point: the integer that stands for 0.
        interval: the possible integers.
        integers: (rows, k) the sample's, of the element type.
        sources: (k,) the feature of the float layer that each input is of.
        constant: what a constant column of the layer before would hold; 0 where it can have none.
    """

    scale: np.ndarray
    zero_point: int
    interval: bounds.Interval
    integers: np.ndarray
    sources: np.ndarray
    constant: int = 0

    def centered(self) -> np.ndarray:
        """The sample's integers (rows, k) float64, 0 standing for 0."""
        return self.integers.astype(np.float64) - self.zero_point


def extended(interval: bounds.Interval, constant: int, count: int) -> bounds.Interval:
    """The possible integers with those of ``count`` constants behind."""
    more = np.full(count, constant)
    return replace(
        interval,
        low=np.concatenate([interval.low, more]),
        high=np.concatenate([interval.high, more]),
    )
