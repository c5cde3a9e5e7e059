"""PyTorch's product of int8 with int32 sums: ``torch._int_mm``."""

from contextlib import ExitStack
from functools import partial

import numpy as np

from bench.candidate import Candidate, Missing, require_equal
from bench.gemm.product import CHECKED_ROWS, Product, exact_rows

NAME = "torch int8"


def candidates(product: Product, threads: int, stack: ExitStack) -> list[Candidate]:
    """One call with a result that stays."""
    try:
        import torch
    except ImportError:
        raise Missing(
            f"{NAME}: pip install torch --index-url https://download.pytorch.org/whl/cpu"
        ) from None
    torch.set_num_threads(threads)
    a, b = product.bytes
    out = torch.empty((product.m, product.n), dtype=torch.int32)

    def check() -> dict:
        expected = exact_rows(a, b).astype(np.int32)
        return require_equal(NAME, out[:CHECKED_ROWS].numpy(), expected)

    call = partial(torch._int_mm, torch.from_numpy(a), torch.from_numpy(b), out=out)
    return [Candidate(NAME, call, check)]
