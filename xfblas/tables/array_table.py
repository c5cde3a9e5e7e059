"""``.npy`` files of rows."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.rows.row_source import as_real
from xfblas.tables import column_choice
from xfblas.tables.column_choice import require_single


class ArrayTable:
    """A ``.npy`` file, which is not read before it is needed; rows may have any shape.

    Args:
        path: of the file.
        drop, strict: columns to leave out, see :func:`~xfblas.tables.column_choice.kept`.

    Attributes:
        path: of the file.
        names: None.
        columns: places of the columns that are left, on the last axis.
        rows: how many there are.

    Raises:
        InvalidValueError: it is no array of real numbers, or a column to drop is not there; later,
            for a number that is not finite in float32.
    """

    names = None

    def __init__(self, path: Path, drop=(), *, strict=True):
        self.path = path
        self._array = opened_array(path)
        if self._array.ndim < 2:
            raise InvalidValueError(
                f"{path} has shape {self._array.shape}, expected rows: (rows, columns)"
            )
        count = self._array.shape[-1]
        self.columns = column_choice.kept(path, count, None, drop, strict=strict)
        self.rows = len(self._array)

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Arrays (m, ...) of at most ``size`` rows, in the order of the file."""
        for first in range(0, self.rows, size):
            part = self._array[first : first + size]
            if len(self.columns) < self._array.shape[-1]:
                part = part[..., self.columns]
            part = as_real(str(self.path), part)
            require_single(self.path, part, first)
            yield part

    def texts(self, column) -> list:
        """The values of one column of the file, by its number."""
        index = column_choice.position(self.path, column, self._array.shape[-1])
        return self._array[..., index].tolist()


def opened_array(path: Path) -> np.ndarray:
    """The array in a ``.npy`` file, of real numbers or words, as it lies on the disk.

    Raises:
        InvalidValueError: it holds none.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, MemoryError):
        raise
    # A damaged header has numpy, and Python's parser behind it, raise all sorts of things.
    except Exception as error:
        raise InvalidValueError(f"{path} is not an array of numbers: {error}") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind in "cmMV":
        kind = getattr(array, "dtype", "an archive of several arrays")
        raise InvalidValueError(
            f"{path} is not an array of numbers: it is {kind}, expected one array of real numbers"
        )
    return array
