"""Convolutions of 3 x 3: the cases, and who computes them."""

from contextlib import ExitStack

from bench.candidate import Candidate
from bench.convolve.convolution import Convolution
from bench.suppliers import ask

#: Height, width, channels read and written.
SHAPES = (
    (256, 512, 64, 64),
    (128, 256, 128, 128),
    (64, 128, 256, 256),
    (32, 64, 512, 512),
)
QUICK_SHAPES = SHAPES[1::2]

#: Modules of this package, each with a function ``candidates(convolution, threads, stack)``.
SUPPLIERS = ("xfblas_program", "onnx_runtime")


def convolutions(quick: bool) -> list[Convolution]:
    """The cases, from wide maps to deep ones."""
    return [Convolution(*shape) for shape in (QUICK_SHAPES if quick else SHAPES)]


def candidates(
    convolution: Convolution, threads: int, stack: ExitStack
) -> tuple[list[Candidate], dict[str, str]]:
    """All candidates for a convolution, and why suppliers are missing, by their name."""
    found, missing = ask("bench.convolve", SUPPLIERS, "candidates", convolution, threads, stack)
    return [candidate for group in found for candidate in group], missing
