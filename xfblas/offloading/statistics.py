"""What wrapped arrays and ``with xfblas.offload()`` did, counted for the whole process."""

from collections import Counter

from xfblas import forks
from xfblas.checks import require_truth

_lock = forks.lock()
_engine: Counter[str] = Counter()
_numpy: Counter[str] = Counter()


def count_product(name: str, count: int = 1) -> None:
    """Notes a product that ran on the engine, by the name of the function that asked for it."""
    with _lock:
        _engine[name] += count


def count_fallback(name: str) -> None:
    """Notes a call that numpy computed."""
    with _lock:
        _numpy[name] += 1


def stats(reset: bool = False) -> dict[str, dict[str, int]]:
    """What arrays of :func:`xfblas.asarray` and :func:`xfblas.offload` did so far.

    Args:
        reset: begin to count anew.

    Returns:
        ``{"engine": ..., "numpy": ...}``: how often products ran on the engine, and what numpy
        computed in its place, by the names of functions.
    """
    require_truth("reset", reset)
    with _lock:
        found = {"engine": dict(_engine), "numpy": dict(_numpy)}
        if reset:
            _engine.clear()
            _numpy.clear()
    return found
