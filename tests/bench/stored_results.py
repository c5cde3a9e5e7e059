"""Results as a benchmark writes them, made up by hand."""

from pathlib import Path

from bench.results import Case, Results, Run
from bench.sampling import Sample
from bench.settings import Settings

MACHINE = {
    "cpu": {"name": "a CPU", "processors": 2, "features": ["avx2"]},
    "isa": "avx2",
    "python": "3.11",
    "numpy_blas": "openblas 0.3",
    "versions": {"numpy": "2.0", "mkl": None},
    "finished": "2026-01-01 00:00",
}


def clear(*seconds: float) -> list[Sample]:
    """Undisturbed samples."""
    return [Sample(each, 1.0, 1.0, 0.0) for each in seconds]


def disturbed(*seconds: float) -> list[Sample]:
    """Samples after which the register loop ran at half its rate."""
    return [Sample(each, 1.0, 0.5, 0.0, 4) for each in seconds]


def stored(path: Path) -> Path:
    """Writes results: low bits 2.2 times numpy at 256 and 2.0 times at 512, on one thread."""
    one = [
        Case(
            "gemm",
            size,
            int(size) ** 3,
            {
                "xfblas int16, low bits": clear(1.0, 1.0, 1.0),
                "numpy float32": clear(ratio, ratio, ratio),
                "MKL s16s16s32": [*clear(3.0), None, None],
            },
        )
        for size, ratio in (("256", 2.2), ("512", 2.0))
    ]
    two = [Case("gemm", "512", 512**3, {"xfblas int16, low bits": disturbed(0.5, 0.5, 0.5)})]
    runs = [
        Run(1, None, 1.0, 1.0, one, {"torch_int8": "torch int8: pip install torch"}),
        Run(2, None, 1.0, 1.0, two),
    ]
    Results(MACHINE, Settings(rounds=3), runs, {"int16": 1.3, "int16, B kept": 1.1}).write(path)
    return path
