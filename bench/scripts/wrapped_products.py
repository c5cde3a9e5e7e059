"""Products as scripts write them: with numpy, with wrapped arrays, within a block, and exact."""

from contextlib import ExitStack
from functools import partial

import numpy as np

import xfblas
from bench.candidate import Candidate, require_close, require_equal
from bench.gemm.product import CHECKED_ROWS, Product, exact_rows
from bench.scripts import LARGEST_OF_INTEGERS


def candidates(product: Product, stack: ExitStack) -> list[Candidate]:
    """Of int16 over its full range, float32 and float64."""
    a, b = product.full_range
    x, y = product.floats
    wide, tall = x.astype(np.float64), y.astype(np.float64)
    left, right = xfblas.asarray(x), xfblas.asarray(y)
    first, second = xfblas.asarray(a), xfblas.asarray(b)
    exact = exact_rows(a, b)
    found = [
        Candidate("numpy float32", partial(np.matmul, x, y)),
        Candidate("numpy float64", partial(np.matmul, wide, tall)),
        _checked("xfblas float32 asarray", lambda: left @ right, x, y),
        _checked("xfblas float32 offload", partial(_within, x, y), x, y),
        _exact("xfblas int16 asarray", lambda: first @ second, exact.astype(np.int16)),
        _exact("xfblas int16 offload", partial(_within, a, b), exact.astype(np.int16)),
        _exact("xfblas int16 exact", partial(xfblas.matmul, a, b, exact=True), exact),
        _checked(
            "xfblas float64 split", partial(xfblas.matmul, wide, tall, split=True), wide, tall
        ),
    ]
    if product.k <= LARGEST_OF_INTEGERS:
        longs = a.astype(np.int64), b.astype(np.int64)
        found += [
            Candidate("numpy int16", partial(np.matmul, a, b)),
            Candidate("numpy int64", partial(np.matmul, *longs)),
        ]
    return found


def _within(a, b):
    with xfblas.offload(threshold=0):
        return a @ b


def _checked(name, call, a, b) -> Candidate:
    share = 1e-5 if a.dtype == np.float32 else 1e-14

    def check() -> dict:
        return require_close(name, np.asarray(call())[:CHECKED_ROWS], a[:CHECKED_ROWS] @ b, share)

    return Candidate(name, call, check)


def _exact(name, call, expected) -> Candidate:
    return Candidate(
        name, call, lambda: require_equal(name, np.asarray(call())[:CHECKED_ROWS], expected)
    )
