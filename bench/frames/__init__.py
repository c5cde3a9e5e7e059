"""Frames through the U-Net of street scenes: the cases, and who computes them."""

from contextlib import ExitStack
from pathlib import Path

from bench.candidate import Candidate
from bench.frames.street_unet import StreetUnet
from bench.suppliers import ask

FRAMES = (1, 4)
QUICK_FRAMES = (1,)

#: Modules of this package, each with a function ``predictor(unet, threads, folder, stack)`` that
#: prepares a model and returns a function: for frames, its candidates.
SUPPLIERS = ("xfblas_compiled", "onnx_runtime", "openvino_cpu", "keras_jax")


class Predictors:
    """All ways to run the network.

    Args:
        unet: the network.
        threads: that each may use.
        folder: for files; what is there from an earlier process is used.
        stack: closes what they hold.

    Attributes:
        missing: why suppliers are missing, by their name.
    """

    def __init__(self, unet: StreetUnet, threads: int, folder: Path, stack: ExitStack):
        self._functions, self.missing = ask(
            "bench.frames", SUPPLIERS, "predictor", unet, threads, folder, stack
        )

    def candidates(self, frames) -> list[Candidate]:
        """Everyone's masks of the same frames."""
        return [candidate for function in self._functions for candidate in function(frames)]
