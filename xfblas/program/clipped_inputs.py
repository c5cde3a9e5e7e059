"""Counts of the inputs that the host clips, and a warning where they matter."""

from threading import Event

import numpy as np

from xfblas.device.binding import ffi
from xfblas.notices import notify
from xfblas.quantization import QuantizedNetwork

#: Of the rows so far: from this share of clipped ones on it is worth a warning. What lies a step of
#: the inputs beyond their range, as white of a picture in bytes, is a rounding.
SHARE, ROUNDED_STEPS = 0.01, 1.5


class ClippedInputs:
    """What was clipped of the rows that a chain of layers has predicted.

    Args:
        name: of the chain, for the warning.
        coding: of its inputs.
        columns: names of the features, for the warning; None where they have none.
        told: set once a warning was given; chains of one model share it.

    Attributes:
        rows: how many were predicted.
        counts: (k,) uint64, how many values of each feature were clipped.
        factors: (k,) float64, how many times its range the largest of each was; 0 for none.
        pointer: the ``xfblasClipped_t`` that C adds to.
    """

    def __init__(self, name: str, coding, columns, told: Event):
        self.rows = 0
        self.counts = np.zeros(coding.features, np.uint64)
        self.factors = np.zeros(coding.features)
        self._name, self._coding = name, coding
        self._columns, self._told = columns, told
        self.pointer = ffi.new("xfblasClipped_t *")
        self.pointer.counts = ffi.from_buffer("unsigned long long[]", self.counts)
        self.pointer.factors = ffi.from_buffer("double[]", self.factors)

    @property
    def clipped_rows(self) -> int:
        """How many rows had a value that was clipped."""
        return self.pointer.rows

    def is_like(self, other: "ClippedInputs") -> bool:
        """Whether another counts the same: its inputs become integers in the same way."""
        mine, others = self._coding, other._coding
        return (mine.limit, mine.base) == (others.limit, others.base) and all(
            np.array_equal(getattr(mine, name), getattr(others, name))
            if getattr(mine, name) is not None and getattr(others, name) is not None
            else getattr(mine, name) is getattr(others, name)
            for name in ("scale", "offset", "columns")
        )

    def look(self, rows: np.ndarray) -> None:
        """Counts what is clipped of rows (m, k) that do not go through C."""
        factors = self._coding.clipped(rows)
        self.counts += (factors > 0).sum(axis=0).astype(np.uint64)
        np.maximum(self.factors, factors.max(axis=0, initial=0.0), out=self.factors)
        self.pointer.rows += int((factors > 0).any(axis=1).sum())
        self.seen(len(rows))

    def seen(self, rows: int) -> None:
        """Adds rows whose values have been counted, and warns once where many were clipped."""
        self.rows += rows
        clipped = self.pointer.rows
        is_beyond = self.factors.max(initial=0.0) > 1 + ROUNDED_STEPS / self._coding.limit
        is_told = self._told.is_set()
        if clipped and clipped >= SHARE * self.rows and is_beyond and not is_told:
            self._told.set()
            feature = int(self.factors.argmax())
            column = f" ({self._columns[feature]})" if self._columns else ""
            notify(
                f"{clipped} of {self.rows} rows have inputs of {self._name} beyond the range that "
                f"calibration gave them, which are clipped: feature {feature}{column} most, "
                f"at {self.factors[feature]:.3g} times its range; calibrate with rows that reach "
                "as far, or raise margin",
                RuntimeWarning,
            )

    def statistics(self) -> dict:
        """The counts: rows, clipped rows, and of each clipped feature its count and factor."""
        features = {
            int(f): {"count": int(self.counts[f]), "factor": float(self.factors[f])}
            for f in np.flatnonzero(self.counts)
        }
        return {"rows": self.rows, "clipped_rows": self.clipped_rows, "features": features}


def clipped_inputs(
    name: str, network: QuantizedNetwork, columns, told: Event
) -> ClippedInputs | None:
    """Counts for a network whose inputs the host clips; None for others."""
    if network.input_scale is None or network.input_wraps or network.dtype.kind == "f":
        return None
    return ClippedInputs(name, network.input_coding, columns, told)
