"""Arrays that end, or begin, at memory that nobody may touch."""

import ctypes
import mmap

import numpy as np
from numpy.lib.stride_tricks import as_strided

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def guarded(count, dtype, at_end=True):
    """`count` elements; what follows the last one (or precedes the first) cannot be accessed."""
    dtype = np.dtype(dtype)
    bytes_ = count * dtype.itemsize
    pages = -(-bytes_ // PAGE)
    memory = mmap.mmap(-1, (pages + 1) * PAGE)
    flat = np.frombuffer(memory, np.uint8)
    guard = flat.ctypes.data + (pages * PAGE if at_end else 0)
    if _libc.mprotect(guard, PAGE, 0) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")
    start = pages * PAGE - bytes_ if at_end else PAGE
    return flat[start : start + bytes_].view(dtype)


def guarded_matrix(array, leading=None, at_end=True):
    """A copy of a matrix with this leading dimension, its last row no longer than needed."""
    rows, columns = array.shape
    leading = leading or columns
    flat = guarded((rows - 1) * leading + columns, array.dtype, at_end)
    flat[:] = 55
    matrix = as_strided(flat, array.shape, (leading * array.itemsize, array.itemsize))
    matrix[:] = array
    return matrix
