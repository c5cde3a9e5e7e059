"""Writes predictions as CSV, numpy or parquet, a chunk at a time."""

import contextlib
import gzip
import io
import math
import sys
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.files import output_path, written
from xfblas.rows.result_array import ResultArray
from xfblas.tables.parquet_table import parquet_module

#: Digits that give back every float32.
DIGITS = "%.9g"
#: Endings that say how a file is packed, in ways that are not written here.
OTHER_PACKINGS = (".bz2", ".xz", ".lzma", ".zst", ".lz4", ".br", ".z", ".zip", ".7z")


@contextlib.contextmanager
def table_writer(path, names, with_names: bool):
    """What writes rows (m, columns), float32 or integers, as a function for a ``with`` block.

    The file has its name once the block has ended, and is not there after an error.

    Args:
        path: ``.npy`` and ``.parquet`` by the ending, else CSV, compressed with ``.gz``; ``-`` is
            CSV to standard output.
        names: of the columns.
        with_names: whether a CSV file begins with them.
    """
    if str(path) == "-":
        yield _csv_writer(sys.stdout, names, with_names)
        sys.stdout.flush()
        return
    kind = Path(path).suffix.lower()
    with written(path) as file:
        if kind == ".npy":
            array = ResultArray(None)
            yield array.append
            np.save(file, array.rows())
        elif kind == ".parquet":
            with contextlib.closing(_ParquetWriter(file, names)) as writer:
                yield writer.write
        else:
            with _text(file, kind == ".gz") as text:
                yield _csv_writer(text, names, with_names)


@contextlib.contextmanager
def _text(file, is_compressed: bool):
    """A file of bytes as one of text; closes neither."""
    with contextlib.ExitStack() as stack:
        if is_compressed:
            # Without time and name, so that the same rows give the same bytes.
            file = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        stack.callback(text.detach)
        yield text


class _ParquetWriter:
    """A parquet file, whose types are those of the first rows."""

    def __init__(self, file, names):
        self._file, self._names, self._writer = file, names, None

    def write(self, rows: np.ndarray) -> None:
        import pyarrow

        table = pyarrow.table(dict(zip(self._names, rows.T, strict=True)))
        if self._writer is None:
            self._writer = parquet_module().ParquetWriter(self._file, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _csv_writer(file, names, with_names: bool):
    if with_names:
        file.write(",".join(names) + "\n")

    def write(rows):
        np.savetxt(file, rows, "%d" if rows.dtype.kind in "iu" else DIGITS, delimiter=",")

    return write


def require_output(option: str, path, endings: tuple[str, ...] = ()) -> None:
    """Refuses a file that could not be written, before anything is computed for it.

    Args:
        option: what it was given with.
        path: of the file; None and ``-`` are no file.
        endings: of files of models which ones are right.

    Raises:
        InvalidValueError: there is no such folder, a folder has this name, or its ending asks for
            a packing or another kind of file than is written.
        NotSupportedError: it is to be parquet, and pyarrow is not installed.
    """
    if path in (None, "-"):
        return
    output_path.require_output(option, path, endings)
    packing, kind = Path(path).suffix.lower(), Path(Path(path).stem).suffix.lower()
    if packing in OTHER_PACKINGS or (packing == ".gz" and kind in (".npy", ".parquet")):
        raise InvalidValueError(
            f"{option} is {path}, expected a name without {packing}, or one of a CSV file in .gz"
        )
    if packing == ".parquet":
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
