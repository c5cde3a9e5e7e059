"""Anything that holds rows, a chunk at a time as a numpy array."""

import numpy as np

from xfblas.errors import InvalidValueError


class RowSource:
    """The rows of an array, list, data frame, tensor, sparse matrix or HDF5 dataset.

    A chunk is converted when it is asked for, so that data of any size stays as it is.

    Args:
        name: how messages call it.
        value: what holds the rows on its first axis.

    Raises:
        InvalidValueError: it has no rows to take.
    """

    def __init__(self, name: str, value):
        self.name = name
        self._value, self._read = _opened(name, value)
        shape = getattr(self._value, "shape", ())
        if len(shape) == 0:
            raise InvalidValueError(
                f"{name} is a {type(value).__name__} of shape (), expected rows on a first axis"
            )
        kind = getattr(getattr(self._value, "dtype", None), "kind", "f")
        if kind in "cmMV":
            raise InvalidValueError(f"{name} is {self._value.dtype}, expected real numbers")
        self.rows = int(shape[0])

    @property
    def dimensions(self) -> int:
        """How many axes it has, the rows' included."""
        return len(self._value.shape)

    def chunk(self, first: int, last: int) -> np.ndarray:
        """Rows ``first`` to ``last``, exclusive."""
        return self._read(self._value, slice(first, last))

    def take(self, indices: np.ndarray) -> np.ndarray:
        """The rows of ascending indices."""
        if isinstance(self._value, np.ndarray):
            return self._value[indices]
        # HDF5 takes ascending indices too, but only once each.
        return self._read(self._value, np.unique(indices))


def _opened(name, value):
    if isinstance(value, np.ndarray):
        return value, np.ndarray.__getitem__
    if hasattr(value, "iloc"):
        return value, lambda frame, rows: _of_frame(name, frame.iloc[rows])
    if hasattr(value, "tocsr") and hasattr(value, "toarray"):
        return value.tocsr(), lambda matrix, rows: matrix[rows].toarray()
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return _of_torch(value), np.ndarray.__getitem__
    if type(value).__module__.startswith("h5py"):
        return value, lambda dataset, rows: np.asarray(dataset[rows])
    if hasattr(value, "to_numpy"):
        return np.asarray(value.to_numpy()), np.ndarray.__getitem__
    if isinstance(value, (list, tuple)):
        value = [_of_torch(row) if hasattr(row, "detach") else row for row in value]
    try:
        return np.asarray(value), np.ndarray.__getitem__
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f"{name} cannot be read as an array: {error}") from None


def _of_frame(name, frame) -> np.ndarray:
    """Numbers of a data frame; text and the like is an error that names its column."""
    values = frame.to_numpy()
    if values.dtype.kind in "biuf":
        return values
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        columns = getattr(frame, "dtypes", None)
        wrong = [
            str(column)
            for column, dtype in (columns.items() if hasattr(columns, "items") else ())
            if getattr(dtype, "kind", "O") not in "biuf"
        ]
        raise InvalidValueError(
            f"{name} has columns that are not numbers: {', '.join(wrong) or frame.dtype}"
        ) from None


def _of_torch(tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:  # numpy has no bfloat16
        return tensor.float().numpy()
