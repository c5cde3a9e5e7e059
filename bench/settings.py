"""What to measure, and the environment in which a number of threads is kept to."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

CASES = (
    "gemm", "convolve", "frames", "predict", "scripts", "isa", "memory", "wrapper", "cluster",
)  # fmt: skip
FULL_ROUNDS = 7
QUICK_ROUNDS = 3

#: Each library reads its own; those of ONNX Runtime, OpenVINO and torch are set in code.
THREAD_VARIABLES = (
    "XFBLAS_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NPROC",  # jax
    "PJRT_NPROC",
)
OTHER_VARIABLES = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    # Intel's OpenMP would spin for 200 ms after a call, on a core that the next candidate needs.
    "KMP_BLOCKTIME": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Off, even where the shell has them on.
    "XFBLAS_VERBOSE": "0",
    "MKL_VERBOSE": "0",
}
#: What a shell may have and a user has not: another kernel or block size halves numpy's speed.
UNSET = ("XFBLAS_ISA", "XFBLAS_TARGET", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True)
class Settings:
    """One run of the benchmark.

    Attributes:
        cases: which of :data:`CASES`.
        threads: numbers of threads, one process each.
        rounds: samples of each candidate.
        quick: fewer sizes and models.
    """

    cases: tuple[str, ...] = CASES
    threads: tuple[int, ...] = (1, 2)
    rounds: int = FULL_ROUNDS
    quick: bool = False

    def to_json(self) -> dict:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict) -> "Settings":
        """The reverse of :meth:`to_json`."""
        lists = {key: tuple(values[key]) for key in ("cases", "threads")}
        return cls(**(values | lists))


def environment(threads: int, isa: str | None = None) -> dict[str, str]:
    """The environment of a process that measures with so many threads.

    Args:
        threads: for every library.
        isa: instruction set that ours is kept to; by default the best of this CPU.
    """
    variables = dict(os.environ) | OTHER_VARIABLES
    variables |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    for name in UNSET:
        variables.pop(name, None)
    if isa is not None:
        variables["XFBLAS_ISA"] = isa
    root = str(Path(__file__).resolve().parent.parent)
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return variables
