"""Arrays that are read part by part: those of HDF5 files and of Zarr stores."""

from typing import Any

import numpy as np


def is_stored(value: Any) -> bool:
    """Whether something has a shape, a dtype and parts, and is no array in memory.

    Datasets of h5py and arrays of Zarr are known by their chunks.
    """
    return (
        not isinstance(value, (np.ndarray, np.generic))
        and hasattr(value, "chunks")
        and isinstance(getattr(value, "shape", None), tuple)
        and isinstance(getattr(value, "dtype", None), np.dtype)
        and hasattr(type(value), "__getitem__")
        # Those of Dask compute when they are asked for parts, and have a call of their own.
        and not hasattr(value, "__dask_graph__")
    )
