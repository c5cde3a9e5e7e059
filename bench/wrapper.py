"""What wrapped arrays and blocks add to a call, in microseconds: of products of 16 x 16."""

import json
import timeit

import numpy as np

import xfblas

SIDE, CALLS, REPEATS = 16, 100, 400


def added() -> dict[str, float]:
    """The best of many short runs with the wrapper, less that of what it wraps."""
    plain = np.ones((SIDE, SIDE), np.int16)
    a, b = xfblas.asarray(plain), xfblas.asarray(plain)
    kept = a.device.compute_units[0].send(plain)
    direct = _best(lambda: xfblas.matmul(plain, kept))
    found = {"asarray": _best(lambda: a @ b) - direct}
    operator, function = _best(lambda: plain @ plain), _best(lambda: np.matmul(plain, plain))
    with xfblas.offload(threshold=10**9):
        found["offload, a @ b that stays numpy's"] = _best(lambda: plain @ plain) - operator
        found["offload, np.matmul that stays numpy's"] = (
            _best(lambda: np.matmul(plain, plain)) - function
        )
    straight = _best(lambda: xfblas.matmul(plain, plain))
    with xfblas.offload(threshold=0):
        found["offload, a @ b on the engine"] = _best(lambda: plain @ plain) - straight
    return found


def _best(call) -> float:
    return min(timeit.repeat(call, number=CALLS, repeat=REPEATS)) / CALLS * 1e6


if __name__ == "__main__":
    print(json.dumps(added()))
