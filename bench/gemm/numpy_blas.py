"""numpy's product of floats, which is that of the OpenBLAS inside it."""

from contextlib import ExitStack
from functools import partial

import numpy as np

from bench.candidate import Candidate
from bench.gemm.product import Product


def candidates(product: Product, threads: int, stack: ExitStack) -> list[Candidate]:
    """float32, the baseline of most targets, and float64."""
    found = []
    for dtype in (np.float32, np.float64):
        a, b = (operand.astype(dtype) for operand in product.floats)
        out = np.empty((product.m, product.n), dtype)
        found.append(Candidate(f"numpy {out.dtype}", partial(np.matmul, a, b, out=out)))
    return found
