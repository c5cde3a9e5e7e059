"""Rows for workers: a collection of Dask, or a folder of files that becomes one, and its blocks."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.checks import require_path, shown
from xfblas.dask.dask_modules import require
from xfblas.errors import InvalidValueError
from xfblas.graph.tensor_spec import TensorSpec
from xfblas.rows.arguments import input_sources
from xfblas.rows.columns import NamedRows

#: By the ends of their names, what reads the files of a folder.
READERS = {".parquet": "read_parquet", ".csv": "read_csv"}


def rows_of(x: Any) -> Any:
    """What is given as a collection of Dask.

    Args:
        x: an array or frame of Dask, or the path of a folder of files of one kind.

    Raises:
        InvalidValueError: it is something else, or there is no such folder.
    """
    if not isinstance(x, (str, os.PathLike)):
        if not hasattr(x, "__dask_graph__"):
            raise InvalidValueError(
                f"x is {shown(x)}, expected an array or frame of Dask, or the path of a folder: "
                "arrays in memory are for CompiledModel.predict"
            )
        return x
    folder = Path(require_path("x", x, "the path of a folder"))
    if not folder.is_dir():
        raise InvalidValueError(f"x is {shown(str(folder))}, and there is no such folder")
    found = {
        ending: sorted(str(path) for path in folder.iterdir() if path.suffix == ending)
        for ending in READERS
    }
    kinds = [ending for ending, paths in found.items() if paths]
    if len(kinds) != 1:
        raise InvalidValueError(
            f"x is the folder {shown(str(folder))}, which holds {' and '.join(kinds) or 'no'} "
            "files, expected either .parquet or .csv"
        )
    (ending,) = kinds
    frames = require("dask.dataframe")
    options = {"blocksize": None} if ending == ".csv" else {"split_row_groups": False}
    return getattr(frames, READERS[ending])(found[ending], **options)


def blocks_of(rows: Any) -> list[Any]:
    """Each block as a task: whole rows, in their order.

    Raises:
        InvalidValueError: it is no array or frame.
    """
    if hasattr(rows, "columns"):
        return list(rows.to_delayed())
    if not hasattr(rows, "chunks") or not rows.ndim:
        raise InvalidValueError(f"x is {shown(rows)}, expected an array or frame of Dask")
    if any(len(sizes) > 1 for sizes in rows.chunks[1:]):
        rows = rows.rechunk({axis: -1 for axis in range(1, rows.ndim)})
    return list(rows.to_delayed().ravel())


def counts_of(rows: Any, blocks: int) -> list[Any]:
    """How many rows each block has; NaN where that is not known."""
    return [np.nan] * blocks if hasattr(rows, "columns") else list(rows.chunks[0])


def require_fitting(rows: Any, spec: TensorSpec) -> None:
    """Has the model look at no rows of this kind, before workers are given any.

    Raises:
        InvalidValueError: columns are missing, or rows have another shape.
    """
    sample: Any
    if hasattr(rows, "columns"):
        names = list(rows.columns)
        sample = NamedRows(np.empty((0, len(names)), np.float32), names)
    elif np.isnan(rows.shape[1:]).any():
        return
    else:
        sample = np.empty((0, *rows.shape[1:]), rows.dtype)
    (source,) = input_sources(sample, [spec])
    try:
        spec.convert(source.chunk(0, 0))
    except InvalidValueError as error:
        raise InvalidValueError(f"x: {error}") from None


def name_of(x: Any, rows: Any) -> str:
    """What tells these rows from others: Dask's name, or that of a folder's files as they are."""
    if not isinstance(x, (str, os.PathLike)):
        return str(getattr(rows, "name", None) or rows._name)
    files = sorted(path for path in Path(os.fsdecode(x)).iterdir() if path.suffix in READERS)
    states = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return digest_of(repr(states))


def digest_of(text: str) -> str:
    """A short name of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
