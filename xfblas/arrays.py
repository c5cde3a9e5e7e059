"""Checks on the arrays that callers pass, each with a message that says what was given."""

import math
from typing import Any

import numpy as np

from xfblas.checks import shown
from xfblas.errors import AllocationError, DtypeError, InvalidValueError
from xfblas.rows.row_source import RowSource, as_real, require_unmasked


def element_type(name: str, value: Any, *wanted: Any) -> np.dtype[Any]:
    """``value`` as a dtype, one of those wanted where there are any, or a DtypeError."""
    try:
        found = np.dtype(value)
    # numpy has an exception for each kind of nonsense.
    except Exception:
        found = None
    if found is None or (wanted and found not in wanted):
        listed = " or ".join(str(np.dtype(each)) for each in wanted) or "a dtype"
        raise DtypeError(f"{name} is {shown(value)}, expected {listed}")
    return found


def describe(array: np.ndarray) -> str:
    """An array's dtype and shape, as messages show them."""
    return f"{array.dtype} {array.shape}"


def require_array(name: str, value: object) -> np.ndarray:
    """``value`` itself if it is an array with elements to see, else an InvalidValueError."""
    if not isinstance(value, np.ndarray):
        raise InvalidValueError(f"{name} is a {type(value).__name__}, expected a numpy array")
    require_unmasked(name, value)
    if value.size == 0:
        raise InvalidValueError(f"{name} is empty ({describe(value)}), expected 1 element or more")
    return value


def seen(name: str, value: object, dtype=None) -> np.ndarray:
    """``value`` as an array, as numpy.asarray makes it; an error where a mask hides elements."""
    require_unmasked(name, value)
    wanted = None if dtype is None else element_type("dtype", dtype)
    # What lists and objects raise is theirs: of ragged rows, huge numbers, words.
    try:
        return np.asarray(value, wanted)
    except Exception as error:
        told = f" of {wanted}" if wanted is not None else ""
        raise InvalidValueError(f"{name} cannot be read as an array{told}: {error}") from None


def require_dtype(name: str, array: np.ndarray, *expected: np.dtype) -> None:
    """Raises a DtypeError unless the array's dtype is one of those expected."""
    if array.dtype not in expected:
        wanted = " or ".join(str(dtype) for dtype in dict.fromkeys(expected))
        raise DtypeError(f"{name} is {describe(array)}, this image computes with {wanted}")


def require_dimensions(name: str, array: np.ndarray, dimensions: int) -> None:
    """Raises an InvalidValueError unless the array has so many dimensions."""
    if array.ndim != dimensions:
        raise InvalidValueError(
            f"{name} has {array.ndim} dimensions ({describe(array)}), expected {dimensions}"
        )


def require_shape(name: str, array: np.ndarray, shape: tuple) -> None:
    """Raises an InvalidValueError unless the array has this shape."""
    if array.shape != shape:
        raise InvalidValueError(f"{name} has shape {array.shape}, expected {shape}")


def readable(array: np.ndarray, dtype=None) -> np.ndarray:
    """The array itself where C can read it as it lies, with this dtype, else a copy."""
    try:
        found = np.ascontiguousarray(array, dtype)
    except MemoryError as error:
        raise AllocationError(f"an array {describe(array)} cannot be copied: {error}") from None
    return found if found.flags.aligned else found.copy()


def single(array: np.ndarray) -> np.ndarray:
    """float32; a number too large for it becomes infinite, which is reported later."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def has_finite_sum(array: np.ndarray) -> bool:
    """Whether all elements are finite for sure: a sum is sooner made than a look at each."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum()))


def require_writable(name: str, array: np.ndarray) -> None:
    """Raises an InvalidValueError unless results can be copied straight into the array."""
    if not array.flags.c_contiguous:
        raise InvalidValueError(
            f"{name} ({describe(array)}, strides {array.strides}) is not C-contiguous: results "
            "are written into it, so pass an array made by numpy.ascontiguousarray"
        )
    if not array.flags.writeable:
        raise InvalidValueError(f"{name} ({describe(array)}) is read-only, results go into it")


def as_rows(name: str, value: object, units: int, dtype=None, columns=None) -> np.ndarray:
    """Model inputs as a two-dimensional float array, one row each.

    Args:
        name: how messages call it.
        value: array, list or data frame of shape (m, ...) with ``units`` values in each row, or
            another thing that :class:`~xfblas.rows.row_source.RowSource` reads.
        units: expected number of values in a row.
        dtype: of the result; by default a float array keeps its own and all else is float64.
        columns: names of the columns in the order that is wanted, see
            :func:`~xfblas.rows.columns.column_order`.

    Returns:
        (m, units), C-contiguous and aligned.

    Raises:
        InvalidValueError: not real numbers, another number of values per row, or not all finite
            in ``dtype``; names the first row that is wrong.
    """
    given = value
    if type(given) is not np.ndarray:
        source = RowSource(name, given, columns)
        given = source.chunk(0, source.rows)
    if given.ndim < 2:
        raise InvalidValueError(
            f"{name} is {given.dtype} of shape {given.shape}, expected real numbers of shape "
            f"(rows, {units}): put a single row in brackets"
        )
    width = math.prod(given.shape[1:])
    if width != units:
        raise InvalidValueError(
            f"{name} has {width} values in a row (shape {given.shape}), the model's first layer "
            f"takes {units}"
        )
    given = as_real(name, given)
    if dtype is None:
        dtype = np.dtype(given.dtype.type if given.dtype.kind == "f" else np.float64)
    # A number too large for the dtype becomes infinite, which is reported below.
    with np.errstate(over="ignore"):
        rows = readable(given, dtype)
    rows = rows.reshape(len(rows), units)
    finite = np.isfinite(rows)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InvalidValueError(
            f"{name} has {rows[row, column]} at row {row}, column {column}; every value must be "
            "finite"
        )
    return rows
