"""Ours as a queued program on matrices that stay on the device: ``unit.execute()``."""

from contextlib import ExitStack

import xfblas
from bench.candidate import Candidate, require_equal
from bench.gemm.product import CHECKED_ROWS, Product, exact_rows


def candidates(product: Product, threads: int, stack: ExitStack) -> list[Candidate]:
    """int16 with three kinds of data, by which the engine chooses its way, and int8."""
    return [
        # Only the low 32 bits of a sum reach the output: any data will do.
        _candidate("xfblas int16, low bits", product.full_range, stack, post_shift=16),
        # Norms prove that sums, or those of blocks, fit 32 bits.
        _candidate("xfblas int16, network data", product.network, stack, post_shift=18),
        # Nothing is known of the sums: all 48 bits are computed.
        _candidate("xfblas int16, full range", product.full_range, stack, post_shift=18),
        _candidate("xfblas int8 program", product.bytes, stack, post_shift=8),
    ]


def _candidate(name, operands, stack, *, post_shift) -> Candidate:
    a, b = operands
    # Each has a device of its own, since a unit has one program.
    device = stack.enter_context(xfblas.open(dtype=a.dtype))
    unit = device.compute_units[0]
    matrices = unit.send(a), unit.send(b), unit.empty((len(a), b.shape[1]))
    unit.fcn(*matrices, post_shift=post_shift)

    def check() -> dict:
        # The closure also keeps all three from being freed.
        rows = matrices[2].read(min(CHECKED_ROWS, len(a)))
        return require_equal(name, rows, (exact_rows(a, b) >> post_shift).astype(a.dtype))

    return Candidate(name, unit.execute, check)
