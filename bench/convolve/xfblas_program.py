"""Ours as a queued program on maps that stay on the device: ``unit.execute()``."""

from contextlib import ExitStack

import numpy as np

import xfblas
from bench.candidate import Candidate, require_equal
from bench.convolve.convolution import CHECKED_ROWS, KERNEL, Convolution, exact_rows


def candidates(convolution: Convolution, threads: int, stack: ExitStack) -> list[Candidate]:
    """int8, int16 with sums of 32 bits, and int16 whose sums need all 48."""
    return [
        _candidate("xfblas int8", convolution, convolution.bytes, stack, (20000, 30)),
        _candidate("xfblas int16, 32 bits", convolution, convolution.words, stack, (20000, 31)),
        _candidate("xfblas int16, 48 bits", convolution, convolution.wide_words, stack, (64, 30)),
    ]


def _candidate(name, convolution, operands, stack, post) -> Candidate:
    (image, weights), (scale, shift) = operands, post
    # Each has a device of its own, since a unit has one program.
    device = stack.enter_context(xfblas.open(engine="Fcn", dtype=image.dtype))
    unit = device.compute_units[0]
    height, width, channels = image.shape
    source = unit.send(image.reshape(-1, channels))
    kept, result = unit.send(weights, keep="packed"), unit.empty((height * width, convolution.n))
    walk = xfblas.MapWalk(
        height, width, channels, output=(height, width), kernel=(KERNEL,) * 2, padding=(1, 1)
    )
    fields = {"post_scale": scale, "post_shift": shift, "round": True, "saturate": True}
    unit.convolve(source, kept, result, walk, **fields)

    def check() -> dict:
        # The closure also keeps all of them from being freed.
        assert source.shape and kept.shape
        rows = result.read(CHECKED_ROWS * width)
        exact = exact_rows(image, weights) * scale
        limits = np.iinfo(image.dtype)
        rounded = (exact + (1 << (shift - 1))) >> shift
        return require_equal(name, rows, rounded.clip(limits.min, limits.max).astype(image.dtype))

    return Candidate(name, unit.execute, check)
