"""What flows from one layer to the next while a network is made."""

from dataclasses import dataclass

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
    """

    scale: np.ndarray
    zero_point: int
    interval: bounds.Interval
    integers: np.ndarray
    sources: np.ndarray
