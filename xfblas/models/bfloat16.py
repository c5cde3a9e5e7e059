"""Numbers of 16 bits that are the upper half of a float32, which numpy does not know."""

import numpy as np


def is_bfloat16(dtype: np.dtype) -> bool:
    """Whether elements are bfloat16, in memory or as HDF5 holds them: two bytes of no type."""
    return dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None


def from_bfloat16(values: np.ndarray) -> np.ndarray:
    """The same numbers as float32, exactly."""
    halves = np.ascontiguousarray(values).view("<u2").astype("<u4")
    return (halves << 16).view("<f4").astype(np.float32, copy=False).reshape(values.shape)
