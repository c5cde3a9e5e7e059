"""MKL's product of int16, whose int32 sums wrap: ``cblas_gemm_s16s16s32``."""

import ctypes
from contextlib import ExitStack
from functools import partial
from importlib.metadata import PackageNotFoundError, files

import numpy as np

from bench.candidate import Candidate, Missing, require_equal
from bench.gemm.product import CHECKED_ROWS, Product, exact_rows

NAME = "MKL s16s16s32"
ROW_MAJOR, NOT_TRANSPOSED, FIXED_OFFSET = 101, 111, 173


def candidates(product: Product, threads: int, stack: ExitStack) -> list[Candidate]:
    """One call of MKL, which packs B each time."""
    function = _library().cblas_gemm_s16s16s32
    function.restype = None
    m, k, n = product.m, product.k, product.n
    # Full-range sums would leave 32 bits, and what MKL then returns depends on the processor.
    a, b = product.network
    out, offset = np.empty((m, n), np.int32), np.zeros(1, np.int32)
    arguments = (
        *map(ctypes.c_int, (ROW_MAJOR, NOT_TRANSPOSED, NOT_TRANSPOSED, FIXED_OFFSET, m, n, k)),
        *(ctypes.c_float(1), _pointer(a), ctypes.c_int(k), ctypes.c_int16(0)),
        *(_pointer(b), ctypes.c_int(n), ctypes.c_int16(0)),
        *(ctypes.c_float(0), _pointer(out), ctypes.c_int(n), _pointer(offset)),
    )

    def check() -> dict:
        # Read here, which also keeps the arrays as long as the candidate.
        expected = exact_rows(a, b).astype(np.int32)
        return {"offset": int(offset[0])} | require_equal(NAME, out[:CHECKED_ROWS], expected)

    return [Candidate(NAME, partial(function, *arguments), check)]


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _library():
    try:
        found = [file.locate() for file in files("mkl") or () if "libmkl_rt.so" in file.name]
    except PackageNotFoundError:
        found = []
    if not found:
        raise Missing(f"{NAME}: pip install mkl")
    try:
        return ctypes.CDLL(str(found[0]))
    except OSError as error:
        raise Missing(f"{NAME}: {error}") from None
