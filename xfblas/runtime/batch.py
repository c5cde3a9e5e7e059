"""Some rows of the data that ``predict`` and ``evaluate`` take."""

import warnings
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Batch:
    """Some rows of the data.

    Attributes:
        inputs: one array per input of the model, (m, ...), of any number type.
        targets: one per output, None where there are none.
        weights: one per output, None where there are none.
        rows: m.
        first_step, last_step: the steps of Keras that it stands for.
        batch_size: rows of a step.
    """

    inputs: list[np.ndarray]
    targets: list[np.ndarray | None]
    weights: list[np.ndarray | None]
    rows: int
    first_step: int
    last_step: int
    batch_size: int


def warn_of_end(found: int, wanted: int) -> None:
    """What Keras warns of when the data ends before ``steps`` do."""
    warnings.warn(
        f"x ended after {found} of {wanted} steps; the result has the rows that there were",
        stacklevel=4,
    )
