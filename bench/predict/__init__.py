"""Predictions of small networks: the cases, and who computes them."""

from contextlib import ExitStack
from pathlib import Path

from bench.candidate import Candidate
from bench.predict.mlp import Mlp
from bench.suppliers import ask

MODELS = ((784, 512, 512, 10), (128, 100, 25, 3), (784, 64, 10), (1000, 512, 46))
ROWS = (1, 32, 1024, 10_000)
QUICK_MODELS = ((784, 512, 512, 10), (128, 100, 25, 3))
QUICK_ROWS = (1, 32, 1024)

#: Modules of this package, each with a function ``predictor(mlp, threads, folder, stack)`` that
#: prepares a model and returns a function: for rows, its candidates.
SUPPLIERS = (
    "xfblas_compiled",
    "numpy_blas",
    "onnx_runtime",
    "openvino_cpu",
    "torch_cpu",
    "keras_jax",
    "hls4ml_csim",
)


def models(quick: bool) -> list[Mlp]:
    """The networks."""
    return [Mlp(sizes) for sizes in (QUICK_MODELS if quick else MODELS)]


class Predictors:
    """All ways to run one network.

    Args:
        mlp: the network.
        threads: that each may use.
        folder: for files; what is there from an earlier process is used.
        stack: closes what they hold.

    Attributes:
        missing: why suppliers are missing, by their name.
    """

    def __init__(self, mlp: Mlp, threads: int, folder: Path, stack: ExitStack):
        self._functions, self.missing = ask(
            "bench.predict", SUPPLIERS, "predictor", mlp, threads, folder, stack
        )

    def candidates(self, rows) -> list[Candidate]:
        """Everyone's prediction of the same rows."""
        return [candidate for function in self._functions for candidate in function(rows)]
