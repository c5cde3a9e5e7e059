"""Arrays of the same elements that lie in memory in every way numpy knows."""

import numpy as np


def unaligned(array: np.ndarray) -> np.ndarray:
    """At an address between elements, as ``numpy.frombuffer`` with an offset gives it."""
    raw = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    raw[...] = array
    assert raw.flags.aligned == (array.itemsize == 1)
    return raw


def _spread(array):
    step = (slice(None, None, 2),) * array.ndim
    wide = np.zeros([2 * size for size in array.shape], array.dtype)
    wide[step] = array
    return wide[step]


def _padded(array):
    """With three elements more after each row, which are no part of it."""
    wide = np.full((*array.shape[:-1], array.shape[-1] + 3), 99, array.dtype)
    wide[..., :-3] = array
    return wide[..., :-3]


#: Functions that lay an array out anew; all show the same elements.
LAYOUTS = {
    "unaligned": unaligned,
    "unaligned Fortran": lambda array: unaligned(np.ascontiguousarray(array.T)).T,
    "Fortran": np.asfortranarray,
    "every second": _spread,
    "padded": _padded,
    "backwards": lambda array: np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1],
    "read-only": lambda array: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape),
}


def repeated(array: np.ndarray) -> np.ndarray:
    """The first row again and again, at one place in memory (a stride of 0)."""
    return np.broadcast_to(array[:1], array.shape)


def swapped(array: np.ndarray) -> np.ndarray:
    """The same numbers with their bytes in the other order."""
    return array.astype(array.dtype.newbyteorder())
