"""Files of rows: CSV, numpy and parquet, read a chunk at a time."""

from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.file_kinds import ROWS, refuse_others
from xfblas.rows.batches import CALIBRATION_ROWS
from xfblas.rows.columns import NamedRows
from xfblas.tables.array_table import ArrayTable
from xfblas.tables.csv_table import CsvTable
from xfblas.tables.parquet_table import ParquetTable

#: Rows of a file that are read, computed and written at once.
CHUNK = 65536


def open_table(
    path, drop=(), header=None, *, strict=True, row_count=None
) -> CsvTable | ArrayTable | ParquetTable:
    """A file of rows, by the ending of its name.

    Args:
        path: of the file.
        drop: names, or numbers from 0, of columns to leave out.
        header: whether the first line of a CSV file is names; None to tell by the file.
        strict: whether the columns to leave out must be there.
        row_count: how many rows a CSV file should have, where that is known; tells about names.

    Raises:
        InvalidValueError: there is no such file, it cannot be read, or a column to drop is not
            there.
        NotSupportedError: a parquet file, but pyarrow is not installed.
    """
    path = Path(path)
    refuse_others(path, "a file of rows", ROWS)
    if not path.is_file():
        reason = "is no regular file, which is read more than once" if path.exists() else ""
        raise InvalidValueError(f"{path} {reason}" if reason else f"{path}: there is no such file")
    if path.suffix.lower() == ".npy":
        return ArrayTable(path, drop, strict=strict)
    if path.suffix.lower() == ".parquet":
        return ParquetTable(path, drop, strict=strict)
    return CsvTable(path, drop, header, strict=strict, row_count=row_count)


def all_rows(table) -> NamedRows:
    """Every row of a file.

    Raises:
        InvalidValueError: there is none.
    """
    parts = list(table.chunks(CHUNK))
    if not parts or not sum(map(len, parts)):
        raise InvalidValueError(f"{table.path} has no rows, expected 1 or more")
    return NamedRows(np.concatenate(parts), table.names)


def spread(table) -> NamedRows:
    """Some rows from the whole length of a file: every second, fourth... of a long one."""
    kept, held, stride, seen = [], 0, 1, 0
    for chunk in table.chunks(CHUNK):
        kept.append(np.array(chunk[-seen % stride :: stride]))
        seen, held = seen + len(chunk), held + len(kept[-1])
        while held > 2 * CALIBRATION_ROWS:
            kept, stride = [np.concatenate(kept)[::2]], 2 * stride
            held = len(kept[0])
    if not kept:
        raise InvalidValueError(f"{table.path} has no rows, expected 1 or more")
    return NamedRows(np.concatenate(kept), table.names)
