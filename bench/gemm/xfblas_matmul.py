"""Ours as a program calls it with numpy arrays: ``xfblas.matmul(a, b, out=out)``."""

from contextlib import ExitStack
from functools import partial

import numpy as np

import xfblas
from bench.candidate import Candidate, require_close, require_equal
from bench.gemm.product import CHECKED_ROWS, Product, exact_rows


def candidates(product: Product, threads: int, stack: ExitStack) -> list[Candidate]:
    """int16, int8 and float32, with B kept on the device; int16 also with B fresh each time."""
    int8 = stack.enter_context(xfblas.open(engine="Gemm", dtype=np.int8))
    found = []
    for operands, device in (
        (product.full_range, xfblas.default_device(np.int16)),
        (product.bytes, int8),
        (product.floats, xfblas.default_device(np.float32)),
    ):
        a, b = operands
        name = f"xfblas {a.dtype} matmul"
        kept = device.compute_units[0].send(b)
        stack.callback(kept.free)
        found.append(_candidate(f"{name}, B kept", a, b, kept))
        if a.dtype == np.int16:
            found.append(_candidate(name, a, b, b))
    return found


def _candidate(name, a, b, given) -> Candidate:
    out = np.empty((len(a), b.shape[1]), a.dtype)

    def check() -> dict:
        rows = out[:CHECKED_ROWS]
        if a.dtype == np.float32:
            return require_close(name, rows, a[:CHECKED_ROWS] @ b, 1e-5)
        return require_equal(name, rows, exact_rows(a, b).astype(a.dtype))

    return Candidate(name, partial(xfblas.matmul, a, given, out=out), check)
