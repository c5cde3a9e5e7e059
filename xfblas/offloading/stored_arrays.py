"""Arrays that are read part by part: those of HDF5 files and of Zarr stores."""

from typing import Any

import numpy as np

from xfblas.rows.row_source import require_open


def is_read_only(stored: Any) -> bool:
    """Whether its file was opened for reading alone; what tells nothing is taken to be writable."""
    if getattr(stored, "read_only", False):  # Zarr
        return True
    return getattr(getattr(stored, "file", None), "mode", "r+") == "r"  # h5py


def is_stored(value: Any) -> bool:
    """Whether something has a shape, a dtype and parts, and is no array in memory.

    Datasets of h5py and arrays of Zarr are known by their chunks.

    Raises:
        InvalidValueError: it is a dataset of a file that was closed.
    """
    require_open("an operand, or out,", value)
    return (
        not isinstance(value, (np.ndarray, np.generic))
        and hasattr(value, "chunks")
        and isinstance(getattr(value, "shape", None), tuple)
        and isinstance(getattr(value, "dtype", None), np.dtype)
        and hasattr(type(value), "__getitem__")
        # Those of Dask compute when they are asked for parts, and have a call of their own.
        and not hasattr(value, "__dask_graph__")
    )
