"""Writes predictions as CSV, numpy or parquet, a chunk at a time."""

import math
import os
import sys
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.rows.result_array import ResultArray
from xfblas.tables.parquet_table import parquet_module

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


def require_output(option: str, path) -> None:
    """Refuses a file that could not be written, before anything is computed for it.

    Args:
        option: what it was given with.
        path: of the file; None and ``-`` are no file.

    Raises:
        InvalidValueError: there is no such folder, or a folder has this name.
        NotSupportedError: it is to be parquet, and pyarrow is not installed.
    """
    if path in (None, "-"):
        return
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise InvalidValueError(f"{option} is {path}, but there is no folder {folder}")
    if Path(path).is_dir():
        raise InvalidValueError(f"{option} is {path}, which is a folder, expected a file to write")
    if Path(path).suffix.lower() == ".parquet":
        parquet_module()


def columns(found, labels: bool) -> np.ndarray:
    """A table (m, columns) of all outputs side by side.

    Args:
        found: what ``predict`` returns: an array (m, ...), or a list or dict of them.
        labels: whether to have each output's likeliest class instead of its values.
    """
    parts = [part.reshape(len(part), math.prod(part.shape[1:])) for part in _outputs(found)]
    if labels:
        parts = [_labels(part)[:, np.newaxis] for part in parts]
    return np.concatenate(parts, axis=1)


def column_names(model, labels: bool) -> list[str]:
    """Names of the columns that :func:`columns` gives for a :class:`~xfblas.CompiledModel`."""
    shapes = [spec.shape for spec in model.graph.outputs]
    several = len(shapes) > 1
    names = []
    for output, shape in zip(model.output_names, shapes, strict=True):
        if labels:
            names.append(f"{output}_label" if several else "label")
            continue
        count = int(np.prod([size or 1 for size in shape]))
        prefix = f"{output}_" if several else "output_"
        names += [f"{prefix}{index}" for index in range(count)]
    return names


def _outputs(found) -> list[np.ndarray]:
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else [found]


def _labels(part) -> np.ndarray:
    """The likeliest class; for one probability, whether it is above a half."""
    return (part[:, 0] > 0.5).astype(np.int64) if part.shape[1] == 1 else part.argmax(axis=1)
