"""Writes predictions as CSV, numpy or parquet, a chunk at a time."""

import os
import sys
from pathlib import Path

import numpy as np

from xfblas.rows.result_array import ResultArray
from xfblas.runtime.parquet_table import parquet_module

#: Digits that give back every float32.
DIGITS = "%.9g"


class TableWriter:
    """A file of rows; it appears under its name once all of them are written.

    Args:
        path: ``.npy`` and ``.parquet`` by the ending, else CSV; ``-`` is CSV to standard output.
        names: of the columns.
        with_names: whether a CSV file begins with them.
    """

    def __init__(self, path, names, with_names: bool):
        self._path = None if str(path) == "-" else Path(path)
        self._names = names
        self._kind = "" if self._path is None else self._path.suffix.lower()
        self._unfinished = self._path and self._path.with_name(self._path.name + ".part")
        self._array = ResultArray(None)
        self._file = self._writer = None
        if self._kind not in (".npy", ".parquet"):
            # Open from call to call: finish or abandon closes it.
            self._file = sys.stdout if self._path is None else self._unfinished.open("w")
            if with_names:
                self._file.write(",".join(names) + "\n")

    def write(self, rows: np.ndarray) -> None:
        """Adds rows (m, columns), float32 or integers."""
        if self._kind == ".npy":
            self._array.append(rows)
        elif self._kind == ".parquet":
            import pyarrow

            table = pyarrow.table(dict(zip(self._names, rows.T, strict=True)))
            if self._writer is None:
                self._writer = parquet_module().ParquetWriter(self._unfinished, table.schema)
            self._writer.write_table(table)
        else:
            format = "%d" if rows.dtype.kind in "iu" else DIGITS
            np.savetxt(self._file, rows, format, delimiter=",")

    def finish(self) -> None:
        """Gives the file its name."""
        if self._kind == ".npy":
            with open(self._unfinished, "wb") as file:
                np.save(file, self._array.rows())
        if self._writer is not None:
            self._writer.close()
        if self._path is None:
            sys.stdout.flush()
            return
        if self._file is not None:
            self._file.close()
        os.replace(self._unfinished, self._path)

    def abandon(self) -> None:
        """Removes what was written, after an error; nothing after ``finish``."""
        if self._path is None:
            return
        for opened in (self._file, self._writer):
            if opened is not None:
                opened.close()
        self._unfinished.unlink(missing_ok=True)
