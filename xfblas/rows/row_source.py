"""Anything that holds rows, a chunk at a time as a numpy array of real numbers."""

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.rows.columns import NamedRows, column_names, column_order, listed

#: What an array of objects may hold that numpy takes for numbers, though it means something else.
FOREIGN = (np.datetime64, np.timedelta64, np.complexfloating)


class RowSource:
    """The rows of an array, list, data frame, tensor, sparse matrix or HDF5 dataset.

    A chunk is converted when it is asked for, so that data of any size stays as it is.

    Args:
        name: how messages call it.
        value: what holds the rows on its first axis.
        columns: names of the columns that are wanted, in order; None where that is left open.

    Attributes:
        rows: how many there are.
        columns: names of the columns of each chunk, None where they have none.

    Raises:
        InvalidValueError: it has no rows to take, hides some elements, is no real numbers, or has
            columns left over or missing.
    """

    def __init__(self, name: str, value, columns=None):
        self.name = name
        require_open(name, value)
        require_unmasked(name, value)
        given = column_names(value)
        self._value, self._read = _opened(name, value)
        shape = getattr(self._value, "shape", ())
        if len(shape) == 0:
            raise InvalidValueError(
                f"{name} is a {type(value).__name__} of shape (), expected rows on a first axis: "
                "put a single row in brackets"
            )
        require_real(name, getattr(self._value, "dtype", None))
        self.rows = int(shape[0])
        self._order = column_order(name, given, columns)
        self.columns = given if self._order is None else columns

    @property
    def dimensions(self) -> int:
        """How many axes it has, the rows' included."""
        return len(self._value.shape)

    def chunk(self, first: int, last: int) -> np.ndarray:
        """Rows ``first`` to ``last``, exclusive."""
        return self._rows(slice(first, last))

    def take(self, indices: np.ndarray) -> np.ndarray:
        """The rows of ascending indices."""
        # HDF5 takes ascending indices too, but only once each.
        return self._rows(indices if isinstance(self._value, np.ndarray) else np.unique(indices))

    def _rows(self, which) -> np.ndarray:
        rows = self._read(self._value, which)
        return rows if self._order is None else rows[:, self._order]


def require_open(name: str, value) -> None:
    """Raises an InvalidValueError for a dataset of h5py whose file was closed."""
    if type(value).__module__.startswith("h5py") and not value:
        raise InvalidValueError(f"{name} is a dataset of a closed file, expected an open one")


def require_unmasked(name: str, value) -> None:
    """Raises an InvalidValueError where a masked array, or a row of a list, hides elements."""
    for part in value if isinstance(value, (list, tuple)) else (value,):
        # A look at the type first: the module of masked arrays loads when it is asked for.
        if type(part) is np.ndarray or not isinstance(part, np.ndarray):
            continue
        if np.ma.is_masked(part):
            first = tuple(int(index) for index in np.argwhere(np.ma.getmaskarray(part))[0])
            raise InvalidValueError(
                f"{name} is a masked array with {np.ma.count_masked(part)} elements hidden, the "
                f"first at {first}: pass {name}.filled(value)"
            )


def require_real(name: str, dtype) -> None:
    """Raises an InvalidValueError for dtypes whose numbers mean something else."""
    if getattr(dtype, "kind", "f") in "cmMV":
        raise InvalidValueError(f"{name} is {dtype}, expected real numbers")


def as_real(name: str, array: np.ndarray) -> np.ndarray:
    """The array itself where it holds real numbers, else what its objects or words stand for.

    Raises:
        InvalidValueError: they are no real numbers.
    """
    require_real(name, array.dtype)
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind == "O":
        foreign = next((item for item in array.flat if isinstance(item, FOREIGN)), None)
        if foreign is not None:
            require_real(name, foreign.dtype)
    try:
        return array.astype(np.float64)
    except Exception as error:  # objects have errors of their own
        # What pandas' nullable columns have where a value is missing is no number to numpy.
        missing = (
            index for index, item in np.ndenumerate(array) if type(item).__name__ == "NAType"
        )
        place = next(missing, None)
        if place is not None:
            raise InvalidValueError(
                f"{name} has no value at {place}; every value must be a finite number"
            ) from None
        raise InvalidValueError(f"{name} cannot be read as numbers: {error}") from None


def _opened(name, value):
    if isinstance(value, NamedRows):
        value = value.values
    if isinstance(value, np.ndarray):
        # Of a masked array that hides nothing, and of matrices, the plain array.
        return np.asarray(value), np.ndarray.__getitem__
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
    except Exception as error:  # objects have errors of their own
        raise InvalidValueError(
            f"{name} cannot be read as numbers, since it cannot be read as an array: {error}"
        ) from None


def _of_frame(name, frame) -> np.ndarray:
    """Numbers of a data frame or one of its columns; what is none is told by its column."""
    try:
        return as_real(name, frame.to_numpy())
    except InvalidValueError:
        if not hasattr(frame, "columns"):
            frame = frame.to_frame(name if frame.name is None else frame.name)
    wrong = []
    for index, column in enumerate(map(str, frame.columns)):
        series = frame.iloc[:, index]
        try:
            as_real(name, series.dropna().to_numpy())
        except InvalidValueError:
            wrong.append(f"{column} ({series.dtype})")
            continue
        missing = np.flatnonzero(series.isna())
        if len(missing):
            raise InvalidValueError(
                f"{name} has no value in column {column} at row {series.index[missing[0]]}; every "
                "value must be a finite number"
            )
    raise InvalidValueError(f"{name} has columns that are not numbers: {listed(wrong)}")


def _of_torch(tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:  # numpy has no bfloat16
        return tensor.float().numpy()
