"""Conversion to integers as the public library does it: what does not fit wraps."""

import numpy as np


def wrap(values: np.ndarray, dtype) -> np.ndarray:
    """Rounds to the nearest integer, half to even, and converts as numpy does on x86-64.

    That is through int32: within its range the low bits are kept, beyond it the value becomes the
    most negative int32, of which an int16 keeps 0.

    Args:
        values: finite floats of any shape.
        dtype: int8, int16 or int32.
    """
    rounded = np.around(values).astype(np.float64)
    outside = (rounded < -(2.0**31)) | (rounded >= 2.0**31)
    return np.where(outside, -(2.0**31), rounded).astype(np.int64).astype(dtype)
