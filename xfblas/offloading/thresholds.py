"""From which size on the engine is faster than numpy, measured when it is first asked."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from xfblas import forks
from xfblas.offloading.array_operator import original
from xfblas.offloading.matmul import matmul

#: Sides of the cubes that are tried, the last only to confirm the one before, and how often.
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
    # One cube alone may be won by chance.
    was_faster = False
    for before, side in zip((0, *SIDES), SIDES, strict=False):
        is_faster = _is_faster(side, dtype)
        if was_faster and is_faster:
            return before**3
        was_faster = is_faster
    return LARGE


def _is_faster(side: int, dtype: np.dtype[Any]) -> bool:
    a, b = np.ones((side, side), dtype), np.ones((side, side), dtype)
    calls: tuple[Callable[[Any, Any], Any], ...] = (matmul, original())
    times: tuple[list[float], ...] = ([], [])
    for call in calls:
        call(a, b)
    # In turn, so that what disturbs one disturbs the other.
    for _ in range(REPEATS):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call(a, b)
            taken.append(time.perf_counter() - start)
    return min(times[0]) <= min(times[1])
