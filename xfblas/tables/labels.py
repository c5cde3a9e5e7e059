"""Labels from files: numbers or names of classes."""

from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.tables import all_rows, open_table
from xfblas.tables.array_table import opened_array
from xfblas.tables.column_choice import require_single
from xfblas.tables.first_line import is_missing, is_number


def read_labels(
    path, column: str | None = None, header: bool | None = None, row_count: int | None = None
) -> tuple[np.ndarray, list[str] | None]:
    """The labels in a file, and the names of the classes where they are words.

    Words become classes in alphabetical order, as scikit-learn numbers them.

    Args:
        path: CSV, ``.npy`` or ``.parquet``.
        column: name or number of the column; by default the file has only one, or several that are
            targets.
        header, row_count: see :func:`~xfblas.tables.open_table`.

    Raises:
        InvalidValueError: there is no such file or column, or a label is missing.
    """
    path = Path(path)
    if path.suffix.lower() == ".npy" and column is None and path.is_file():
        values = opened_array(path)
        if values.shape[1:] in ((), (1,)):
            return _classes(path, values.reshape(-1).tolist())
        require_single(path, values, 0)
        return _whole(values), None
    table = open_table(path, header=header, row_count=row_count)
    if column is None and len(table.columns) > 1:
        return _whole(np.asarray(all_rows(table).values)), None
    return _classes(path, table.texts(0 if column is None else column))


def _classes(path, labels: list) -> tuple[np.ndarray, list[str] | None]:
    texts = list(map(str, labels))
    if any(map(is_number, texts)):
        missing = next((row for row, text in enumerate(texts, 1) if is_missing(text)), None)
        if missing is not None:
            raise InvalidValueError(
                f"{path}: the label in row {missing} of the data is {texts[missing - 1]!r}, "
                "expected a number as in other rows"
            )
    if all(map(is_number, texts)):
        return _whole(np.array(list(map(float, texts)))), None
    names, numbers = np.unique(texts, return_inverse=True)
    return numbers, names.tolist()


def _whole(values: np.ndarray) -> np.ndarray:
    """Integers where all are whole, since those are classes."""
    values = np.asarray(values)
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.rint(values)).all():
        return values.astype(np.int64)
    return values
