"""Files of rows: CSV, numpy and parquet, read a chunk at a time."""

import csv
import gzip
import itertools
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.file_kinds import ROWS, refuse_others

DELIMITERS = ",;\t| "


class CsvTable:
    """A CSV file, with or without a line of names, also compressed by gzip.

    Args:
        path: of the file.
        drop: names, or numbers from 0, of columns to leave out.

    Attributes:
        path: of the file.
        names: of all columns that are left; None where the file has no line of names.
        rows: None, since only reading the file tells.
    """

    rows = None

    def __init__(self, path: Path, drop=()):
        self.path = path
        with self._open() as file:
            first = _first_line(path, file)
            if not first.strip():
                raise InvalidValueError(f"{path} begins with an empty line, expected numbers")
        found = [mark for mark in DELIMITERS if mark in first.strip()]
        self._delimiter = found[0] if found else ","
        cells = next(csv.reader([first.strip()], delimiter=self._delimiter))
        self._has_names = not all(_is_number(cell) for cell in cells)
        names = [cell.strip() for cell in cells] if self._has_names else None
        self._columns = _kept(path, len(cells), names, drop)
        self.names = [names[index] for index in self._columns] if names else None

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Float64 arrays (m, columns) of at most ``size`` rows, in the order of the file."""
        with self._open() as file:
            line = 1
            if self._has_names:
                file.readline()
                line += 1
            while lines := self._lines(file, size, line):
                yield self._numbers(lines, line)
                line += len(lines)

    def _lines(self, file, size, line) -> list[str]:
        try:
            return list(itertools.islice(file, size))
        except (UnicodeDecodeError, EOFError, zlib.error) as error:
            raise InvalidValueError(f"{self.path}: not text after line {line}: {error}") from None

    def _numbers(self, lines, line) -> np.ndarray:
        try:
            return np.loadtxt(
                lines,
                np.float64,
                delimiter=self._delimiter if self._delimiter != " " else None,
                usecols=self._columns,
                ndmin=2,
                quotechar='"',
                comments=None,
            )
        except ValueError as error:
            raise InvalidValueError(
                f"{self.path}: not numbers in the {len(lines)} lines from line {line} on: {error}"
            ) from None

    def _open(self):
        if self.path.suffix == ".gz":
            return gzip.open(self.path, "rt", encoding="utf-8-sig", newline="")
        return open(self.path, encoding="utf-8-sig", newline="")


class ArrayTable:
    """A ``.npy`` file, which is not read before it is needed; rows may have any shape."""

    names = None

    def __init__(self, path: Path, drop=()):
        self.path = path
        try:
            self._array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise InvalidValueError(f"{path} is not an array of numbers: {error}") from None
        if self._array.ndim < 2:
            raise InvalidValueError(f"{path} has shape {self._array.shape}, expected rows")
        width = self._array.shape[-1]
        self._columns = _kept(path, width, None, drop)
        self._whole = len(self._columns) == width
        self.rows = len(self._array)

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Arrays (m, ...) of at most ``size`` rows, in the order of the file."""
        for first in range(0, self.rows, size):
            part = self._array[first : first + size]
            yield part if self._whole else part[..., self._columns]


class ParquetTable:
    """A parquet file, read by pyarrow."""

    def __init__(self, path: Path, drop=()):
        self.path = path
        parquet = _parquet()
        try:
            self._file = parquet.ParquetFile(path)
        except Exception as error:
            raise InvalidValueError(f"{path} is not a parquet file: {error}") from None
        names = list(self._file.schema_arrow.names)
        self.names = [names[index] for index in _kept(path, len(names), names, drop)]
        self.rows = self._file.metadata.num_rows

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Float64 arrays (m, columns) of at most ``size`` rows, in the order of the file."""
        for batch in self._file.iter_batches(size, columns=self.names):
            columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
            try:
                yield np.stack([column.astype(np.float64) for column in columns], axis=1)
            except (TypeError, ValueError) as error:
                raise InvalidValueError(f"{self.path}: not numbers: {error}") from None


def open_table(path, drop=()) -> CsvTable | ArrayTable | ParquetTable:
    """A file of rows, by the ending of its name.

    Raises:
        InvalidValueError: there is no such file, it cannot be read, or a column to drop is not
            there.
        NotSupportedError: a parquet file, but pyarrow is not installed.
    """
    path = Path(path)
    refuse_others(path, "a file of rows", ROWS)
    if not path.is_file():
        raise InvalidValueError(f"{path}: there is no such file")
    kinds = {".npy": ArrayTable, ".parquet": ParquetTable}
    return kinds.get(path.suffix.lower(), CsvTable)(path, drop)


def _parquet():
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise NotSupportedError(
            f'parquet files need pyarrow ({error}): pip install "xfblas[parquet]"'
        ) from None
    return pyarrow.parquet


def _kept(path, count, names, drop) -> list[int]:
    dropped = set()
    for column in drop:
        if names and column in names:
            dropped.add(names.index(column))
        elif str(column).isdecimal() and int(column) < count:
            dropped.add(int(column))
        else:
            shown = ", ".join(names) if names else f"0 to {count - 1}"
            raise InvalidValueError(f"{path} has no column {column!r}, expected one of {shown}")
    kept = [index for index in range(count) if index not in dropped]
    if not kept:
        raise InvalidValueError(f"{path}: every column is dropped, expected one or more to be left")
    return kept


def _first_line(path, file) -> str:
    try:
        return file.readline()
    except (UnicodeDecodeError, EOFError, zlib.error) as error:
        raise InvalidValueError(f"{path} is not text, expected a CSV file: {error}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
