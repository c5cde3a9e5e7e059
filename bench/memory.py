"""The memory that one product needs at most, in a process that does nothing else."""

import json
import sys
from pathlib import Path

import numpy as np

import xfblas

SIZE = 2048
PEAK = "VmHWM"
NOW = "VmRSS"


def growth(dtype: np.dtype, keeps_b: bool) -> float:
    """Growth to the peak, operands included, as a multiple of the operands.

    Args:
        dtype: of all three matrices.
        keeps_b: whether B is sent to the device first, and kept there alone.
    """
    device = (
        xfblas.open(engine="Gemm", dtype=np.int8)
        if dtype == np.int8
        else xfblas.default_device(dtype)
    )
    # What is there once and for all is no part of a product.
    small = _numbers(dtype, 2, 64)
    xfblas.matmul(small, small, device=device)
    before = _status(NOW)
    a, b = (_numbers(dtype, seed) for seed in range(2))
    out = np.zeros((SIZE, SIZE), dtype)
    # The peak so far is forgotten, with what the random numbers took.
    Path("/proc/self/clear_refs").write_text("5")
    operands = a.nbytes + b.nbytes + out.nbytes
    if keeps_b:
        b = device.compute_units[0].send(b, keep="packed")
    xfblas.matmul(a, b, out=out, device=device)
    return (_status(PEAK) - before) / operands


def _numbers(dtype: np.dtype, seed: int, size: int = SIZE) -> np.ndarray:
    generator = np.random.default_rng(seed)
    if dtype.kind == "f":
        return generator.standard_normal((size, size), dtype)
    return generator.integers(-100, 100, (size, size), dtype)


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


if __name__ == "__main__":
    print(json.dumps(growth(np.dtype(sys.argv[1]), "kept" in sys.argv[2:])))
