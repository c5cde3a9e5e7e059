"""Parquet files of rows, read by pyarrow."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xfblas.errors import AllocationError, InvalidValueError, NotSupportedError
from xfblas.rows.row_source import as_real
from xfblas.tables import column_choice
from xfblas.tables.column_choice import drop_hint, label_of, require_single


class ParquetTable:
    """A parquet file.

    Args:
        path: of the file.
        drop, strict: columns to leave out, see :func:`~xfblas.tables.column_choice.kept`.

    Attributes:
        path: of the file.
        names: of all columns that are left.
        columns: places in the file of the columns that are left, from 0.
        rows: how many there are.

    Raises:
        InvalidValueError: it is no parquet file, or a column to drop is not there; later, for a
            column that is not real numbers and for a number that is missing or not finite in
            float32.
        NotSupportedError: pyarrow is not installed.
    """

    def __init__(self, path: Path, drop=(), *, strict=True):
        self.path = path
        module = parquet_module()
        with self._told("is not a parquet file"):
            self._file = module.ParquetFile(path)
            self._all_names = list(self._file.schema_arrow.names)
        count = len(self._all_names)
        self.columns = column_choice.kept(path, count, self._all_names, drop, strict=strict)
        self.names = tuple(self._all_names[index] for index in self.columns)
        self.rows = self._file.metadata.num_rows

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Float64 arrays (m, columns) of at most ``size`` rows, in the order of the file."""
        first = 0
        for columns in self._batches(self.columns, size):
            parts = []
            for index, column in zip(self.columns, columns, strict=True):
                label = label_of(self._all_names, index)
                with self._told():
                    values = column.to_numpy(zero_copy_only=False)
                try:
                    values = as_real(label, values)
                except InvalidValueError as error:
                    hint = drop_hint(self._all_names, index)
                    raise InvalidValueError(
                        f"{self.path}: not numbers: {error} ({column.type}): {hint}"
                    ) from None
                parts.append(values.astype(np.float64))
            rows = np.stack(parts, axis=1)
            require_single(self.path, rows, first, self.names)
            first += len(rows)
            yield rows

    def texts(self, column) -> list:
        """The values of one column of the file, by its name or number.

        Raises:
            InvalidValueError: there is no such column, or a value is missing.
        """
        index = column_choice.position(self.path, column, len(self._all_names), self._all_names)
        found = []
        for (part,) in self._batches([index], 65536):
            with self._told():
                found += part.to_pylist()
        if None in found:
            raise InvalidValueError(
                f"{self.path}: {label_of(self._all_names, index)} has nothing in row "
                f"{found.index(None) + 1} of the data, expected a label"
            )
        return found

    def _batches(self, columns: list[int], size: int):
        """Some columns of each batch of rows, by their places in the file."""
        wanted = [self._all_names[index] for index in columns]
        # A name means also what is within it, so what comes back is more than was asked for where
        # a name occurs twice or begins with another and a point.
        is_plain = len(set(self._all_names)) == len(self._all_names)
        is_plain = is_plain and not any("." in name for name in self._all_names)
        batches = self._file.iter_batches(size, columns=wanted if is_plain else None)
        while True:
            with self._told():
                batch = next(batches, None)
                if batch is None:
                    return
                found = [
                    batch.column(name if is_plain else index)
                    for index, name in zip(columns, wanted, strict=True)
                ]
            yield found

    @contextlib.contextmanager
    def _told(self, what: str = "is damaged"):
        """Turns whatever pyarrow raises on damaged files into one kind of error."""
        try:
            yield
        except MemoryError as error:
            raise AllocationError(f"{self.path}: there is no memory for it: {error}") from None
        except Exception as error:
            raise InvalidValueError(f"{self.path} {what}: {error}") from None


def parquet_module():
    """pyarrow's module for parquet files, or a NotSupportedError that says what to install."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise NotSupportedError(
            f"parquet files need pyarrow ({error}): pip install pyarrow"
        ) from None
    return pyarrow.parquet
