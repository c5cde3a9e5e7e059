"""What the numbers of every kind of file must be, and how messages call their columns."""

import shlex

import numpy as np

from xfblas.errors import InvalidValueError


def is_single(values: np.ndarray) -> np.ndarray:
    """Which of the values a float32 holds."""
    with np.errstate(over="ignore"):
        return np.isfinite(values if values.dtype.kind in "biu" else values.astype(np.float32))


def require_single(path, values: np.ndarray, row: int, names=None) -> None:
    """Raises an InvalidValueError that names the first value that no float32 holds.

    Args:
        path: of the file.
        values: (m, ...) numbers.
        row: how many rows of the file come before.
        names: of the columns of (m, n) values, or None.
    """
    wrong = ~is_single(values)
    if wrong.any():
        index, *inside = (int(place) for place in np.argwhere(wrong)[0])
        label = label_of(names, inside[0]) if len(inside) == 1 else f"place {tuple(inside)}"
        raise InvalidValueError(
            f"{path}: {label} has {values[index, *inside]} in row {row + index + 1} of the data, "
            "expected a finite number"
        )


def label_of(names, column: int) -> str:
    """How messages call a column of a file: by its name, or its number from 0."""
    return f"column {names[column]!r}" if names else f"column {column}"


def drop_hint(names, column: int) -> str:
    """How to leave a column out of a file."""
    is_plain = names and names[column] and list(names).count(names[column]) == 1
    given = shlex.quote(names[column]) if is_plain else column
    return f"--drop {given} leaves the column out"
