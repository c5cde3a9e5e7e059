"""A result that grows batch by batch, without a copy where its size is known before."""

import numpy as np

from xfblas.errors import AllocationError


def empty_result(shape: tuple[int, ...], dtype) -> np.ndarray:
    """A new array for a result, or an AllocationError where there is no memory for it."""
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError) as error:
        raise AllocationError(f"a result of shape {shape} has no room: {error}") from None


class ResultArray:
    """Rows that are written one batch after the other.

    Args:
        rows: how many there will be, None where that is not known.
    """

    def __init__(self, rows: int | None):
        self._expected = rows
        self._array: np.ndarray | None = None
        self._filled = 0

    def append(self, batch: np.ndarray) -> None:
        """Adds a batch (m, ...); all batches agree in the other sizes."""
        end = self._filled + len(batch)
        if self._array is None:
            rows = self._expected if self._expected is not None else len(batch)
            self._array = empty_result((max(rows, end), *batch.shape[1:]), batch.dtype)
        elif end > len(self._array):
            # Half as much again: few copies, and at most so much memory left over.
            size = max(end, len(self._array) * 3 // 2)
            grown = empty_result((size, *batch.shape[1:]), batch.dtype)
            grown[: self._filled] = self._array[: self._filled]
            self._array = grown
        self._array[self._filled : end] = batch
        self._filled = end

    def rows(self) -> np.ndarray:
        """What was written, (m, ...) of the batches' type."""
        found = self._array
        if self._filled == len(found):
            return found
        # A stream's spare room is given back unless it is small.
        return found[: self._filled].copy()
