"""A CSV file as features and labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.rows.columns import listed
from xfblas.tables.csv_table import CsvTable

DEFAULT_TARGET = "Class"
DEFAULT_ID = "Run"
#: Lines of the file that are read at once.
CHUNK = 65536


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


def load_table(
    path, target: str = DEFAULT_TARGET, id_column: str = DEFAULT_ID, drop=(), header=None
) -> Table:
    """Reads a CSV file whose columns are all features but two, and those to leave out.

    Args:
        path: of the file.
        target: column of the labels, any text.
        id_column: column to leave out. It may be missing only if this is the default.
        drop: names of more columns to leave out.
        header: whether the first line names the columns, None to tell by the file; without names
            columns are numbers from 0.

    Raises:
        InvalidValueError: there is no such file or column, a feature is not a finite number, a
            label is empty, or there are no rows.
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidValueError(f"{path}: there is no such file")
    whole = CsvTable(path, header=header)
    names = list(whole.names or map(str, range(len(whole.columns))))
    if target not in names:
        raise InvalidValueError(f"{path} has no target column {target!r}; it has: {listed(names)}")
    if id_column not in names and id_column != DEFAULT_ID:
        raise InvalidValueError(f"{path} has no id column {id_column!r}; it has: {listed(names)}")
    apart = [name for name in (target, id_column) if name in names]
    if len(names) == len(apart):
        raise InvalidValueError(f"{path} has no feature columns; it has: {listed(names)}")
    table = CsvTable(path, [*apart, *drop], whole.names is not None)
    labels, classes = _labels(whole.texts(target))
    if len(labels) == 0:
        raise InvalidValueError(f"{path} has column names but no rows")
    features = np.concatenate(list(table.chunks(CHUNK))).astype(np.float32)
    columns = tuple(names[index] for index in table.columns)
    return Table(features, labels, classes, columns)


def _labels(cells: list[str]):
    """Indices and the sorted texts that they stand for."""
    texts, labels = np.unique(np.array(cells, str), return_inverse=True)
    try:
        order = np.argsort([int(text) for text in texts], kind="stable")
    except ValueError:
        order = np.arange(len(texts))
    return np.argsort(order)[labels], tuple(str(texts[index]) for index in order)
