"""From which size on the engine is faster than numpy, measured when it is first asked."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from xfblas import forks
from xfblas.offloading.array_operator import original
from xfblas.offloading.matmul import matmul

#: Sides of the cubes that are tried, and how often.
SIDES = (8, 16, 32, 64, 128, 256)
REPEATS = 5
#: Where none of them was faster.
LARGE = 512**3
_found: dict[np.dtype[Any], int] = {}
_lock = forks.lock()


def measured_threshold(dtype: np.dtype[Any]) -> int:
    """Multiplications m * k * n of the smallest cube that the engine computes no slower than numpy.

    The first call for a dtype measures it, in some milliseconds.
    """
    found = _found.get(dtype)
    if found is None:
        with _lock:
            found = _found.setdefault(dtype, _measure(dtype))
    return found


def _measure(dtype: np.dtype[Any]) -> int:
    for side in SIDES:
        a = np.ones((side, side), dtype)
        b = np.ones((side, side), dtype)
        ours, theirs = (_best(call, a, b) for call in (matmul, original()))
        if ours <= theirs:
            return side**3
    return LARGE


def _best(call: Callable[[Any, Any], Any], a: np.ndarray, b: np.ndarray) -> float:
    call(a, b)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call(a, b)
        times.append(time.perf_counter() - start)
    return min(times)
