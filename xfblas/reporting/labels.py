"""Labels from files: numbers or names of classes."""

import csv
import gzip
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.runtime.tables import DELIMITERS, open_table


def read_labels(path, column: str | None = None) -> tuple[np.ndarray, list[str] | None]:
    """The labels in a file, and the names of the classes where they are words.

    Words become classes in alphabetical order, as scikit-learn numbers them.

    Args:
        path: CSV, ``.npy`` or ``.parquet``.
        column: name or number of the column; by default the file has only one, or several that are
            targets.

    Raises:
        InvalidValueError: there is no such file or column.
    """
    path = Path(path)
    if path.suffix.lower() == ".npy" and column is None and path.is_file():
        return _whole(_array(path)), None
    table = open_table(path)
    if column is None:
        if table.names is not None and len(table.names) == 1 and _is_csv(path):
            return _classes(_texts(path, 0, True))
        try:
            values = np.concatenate(list(table.chunks(65536)))
        except InvalidValueError:
            width = len(table.names or _cells(path)[0])
            if not _is_csv(path) or width != 1:
                raise
            return _classes(_texts(path, 0, table.names is not None))
        return _whole(values[:, 0] if values.shape[1:] == (1,) else values), None
    if not _is_csv(path):
        names = table.names or [str(n) for n in range(next(table.chunks(1)).shape[1])]
        others = [name for name in names if name != column]
        if len(others) == len(names):
            raise InvalidValueError(f"{path} has no column {column!r}, expected one of {names}")
        values = np.concatenate(list(open_table(path, others).chunks(65536)))
        return _whole(values[:, 0]), None
    names = table.names
    if names and column in names:
        return _classes(_texts(path, names.index(column), True))
    if str(column).isdecimal() and int(column) < len(_cells(path)[0]):
        return _classes(_texts(path, int(column), names is not None))
    shown = ", ".join(names) if names else f"0 to {len(_cells(path)[0]) - 1}"
    raise InvalidValueError(f"{path} has no column {column!r}, expected one of {shown}")


def _array(path: Path) -> np.ndarray:
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InvalidValueError(f"{path} is not an array of numbers: {error}") from None
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() not in (".npy", ".parquet")


def _cells(path: Path, limit: int | None = 1) -> list[list[str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        first = file.readline().strip()
        found = [mark for mark in DELIMITERS if mark in first]
        file.seek(0)
        rows = csv.reader(
            file, delimiter=found[0] if found else ",", skipinitialspace=found == [" "]
        )
        return [row for _, row in zip(range(limit or 2**62), rows, strict=False) if row]


def _texts(path: Path, index: int, has_names: bool) -> list[str]:
    rows = _cells(path, None)[has_names:]
    short = next((number for number, row in enumerate(rows, 1) if len(row) <= index), None)
    if short is not None:
        raise InvalidValueError(f"{path}: row {short} has no column {index}")
    return [row[index].strip() for row in rows]


def _classes(texts: list[str]) -> tuple[np.ndarray, list[str] | None]:
    try:
        return _whole(np.array([float(text) for text in texts])), None
    except ValueError:
        names, numbers = np.unique(texts, return_inverse=True)
        return numbers, names.tolist()


def _whole(values: np.ndarray) -> np.ndarray:
    """Integers where all are whole, since those are classes."""
    values = np.asarray(values)
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.rint(values)).all():
        return values.astype(np.int64)
    return values
