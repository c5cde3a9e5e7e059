"""A CSV file as features and labels."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas

from xfblas.errors import InvalidValueError

DEFAULT_TARGET = "Class"
DEFAULT_ID = "Run"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows to classify.

    Attributes:
        features: (m, k) float32, C-contiguous.
        labels: (m,) int64, indices into ``classes``.
        classes: the labels' texts, sorted; by value where all are whole numbers.
        columns: the k feature columns' names.
    """

    features: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    columns: tuple[str, ...]


def load_table(path, target: str = DEFAULT_TARGET, id_column: str = DEFAULT_ID) -> Table:
    """Reads a CSV file whose columns are all features but two.

    Args:
        path: of the file; its first line names the columns.
        target: column of the labels, any text.
        id_column: column to leave out. It may be missing only if this is the default.

    Raises:
        InvalidValueError: there is no such file or column, a feature is not a finite number, a
            label is empty, or there are no rows.
    """
    path = Path(path)
    frame = _read(path, target)
    names = ", ".join(frame.columns)
    if target not in frame.columns:
        raise InvalidValueError(f"{path} has no target column {target!r}; it has: {names}")
    if id_column not in frame.columns and id_column != DEFAULT_ID:
        raise InvalidValueError(f"{path} has no id column {id_column!r}; it has: {names}")
    if frame.empty:
        raise InvalidValueError(f"{path} has column names but no rows")
    numeric = frame.drop(columns=[target, id_column], errors="ignore")
    if numeric.shape[1] == 0:
        raise InvalidValueError(f"{path} has no feature columns; it has: {names}")
    features = np.column_stack([_numbers(numeric[name], path) for name in numeric.columns])
    labels, classes = _labels(frame[target], path)
    return Table(np.ascontiguousarray(features), labels, classes, tuple(numeric.columns))


def _read(path, target):
    """The file as pandas reads it; empty cells stay empty texts, so that they can be shown."""
    if not path.is_file():
        raise InvalidValueError(f"{path}: there is no such file")
    try:
        with warnings.catch_warnings():
            # A row with more cells than the header would otherwise lose them with a warning.
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            return pandas.read_csv(
                path,
                dtype={target: str},
                keep_default_na=False,
                index_col=False,
                skipinitialspace=True,
                low_memory=False,
                encoding="utf-8-sig",
            )
    except (ValueError, OSError, pandas.errors.ParserWarning) as error:
        reason = str(error).strip() or type(error).__name__
        raise InvalidValueError(f"{path} cannot be read as CSV: {reason}") from None


def _numbers(column, path):
    """A column as float32; an InvalidValueError names the first cell that is no finite number."""
    numbers = pandas.to_numeric(column, errors="coerce").to_numpy(np.float64)
    with np.errstate(over="ignore"):
        numbers = numbers.astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        _refuse(column, wrong, path, "a finite number")
    return numbers


def _labels(column, path):
    """Indices and the sorted texts that they stand for."""
    missing = np.flatnonzero((column.isna() | (column.str.strip() == "")).to_numpy())
    if missing.size:
        _refuse(column, missing, path, "a label")
    texts, labels = np.unique(column.str.strip().to_numpy(str), return_inverse=True)
    try:
        order = np.argsort([int(text) for text in texts], kind="stable")
    except ValueError:
        order = np.arange(len(texts))
    return np.argsort(order)[labels], tuple(str(texts[index]) for index in order)


def _refuse(column, rows, path, expected):
    value = column.iloc[rows[0]]
    shown = "nothing" if pandas.isna(value) or str(value).strip() == "" else repr(str(value))
    raise InvalidValueError(
        f"{path}: column {column.name!r} has {shown} in row {rows[0] + 1} of the data, expected "
        f"{expected} ({len(rows)} such rows)"
    )
