"""Files of rows: CSV, numpy and parquet, read a chunk at a time."""

from pathlib import Path

from xfblas.errors import InvalidValueError
from xfblas.file_kinds import ROWS, refuse_others
from xfblas.tables.array_table import ArrayTable
from xfblas.tables.csv_table import CsvTable
from xfblas.tables.parquet_table import ParquetTable


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
        raise InvalidValueError(f"{path}: there is no such file")
    if path.suffix.lower() == ".npy":
        return ArrayTable(path, drop, strict=strict)
    if path.suffix.lower() == ".parquet":
        return ParquetTable(path, drop, strict=strict)
    return CsvTable(path, drop, header, strict=strict, row_count=row_count)
