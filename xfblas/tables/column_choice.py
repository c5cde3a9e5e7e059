"""The columns of a file: which are meant, what messages call them, and what they may hold."""

import csv
import shlex
from difflib import SequenceMatcher

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.rows.columns import LISTED, listed


def position(path, column, count: int, names=None) -> int:
    """The place of a column that is given by its name or number.

    Raises:
        InvalidValueError: there is none, several have the name, or the number may mean another.
    """
    text = str(column)
    places = [index for index, name in enumerate(names or ()) if name == text]
    if len(places) > 1:
        raise InvalidValueError(
            f"{path} has {len(places)} columns {text!r}, expected a number of "
            f"{listed(places)} to say which"
        )
    is_number = text.isdecimal() and int(text) < count
    if places and is_number and not names[int(text)]:
        raise InvalidValueError(
            f"{path} has a column {text!r}, and its column number {text} has no name: expected '' "
            "for the one without a name, or another name"
        )
    if places:
        return places[0]
    if is_number:
        return int(text)
    if names and len(names) > LISTED:
        # Those that are nearest to what was given come first.
        names = sorted(names, key=lambda name: -_likeness(text, name))
    shown = listed(names) if names else f"0 to {count - 1}"
    raise InvalidValueError(f"{path} has no column {text!r}, expected one of {shown}")


def kept(path, count: int, names=None, drop=(), *, strict=True) -> list[int]:
    """The places of the columns that are left.

    Args:
        path: of the file.
        count: how many columns it has.
        names: of all of them, or None.
        drop: names or numbers of columns to leave out; one text may hold several, with commas
            between them as in a CSV file.
        strict: whether they must be there.

    Raises:
        InvalidValueError: a column is not there, several have its name, or none is left.
    """
    dropped = set()
    for text in drop:
        is_name = text in (names or ())
        for column in [text] if is_name else next(csv.reader([str(text)], skipinitialspace=True)):
            try:
                dropped.add(position(path, column.strip(), count, names))
            except InvalidValueError:
                if strict:
                    raise
    left = [index for index in range(count) if index not in dropped]
    if not left:
        raise InvalidValueError(f"{path}: every column is dropped, expected one or more to be left")
    return left


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
    is_plain = names and list(names).count(names[column]) == 1
    given = shlex.quote(names[column]) if is_plain else column
    return f"--drop {given} leaves the column out"


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()
