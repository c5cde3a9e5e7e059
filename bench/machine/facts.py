"""The machine and the libraries, as results tell of them."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from bench.settings import environment
from xfblas.diagnosis.facts import cpu

PACKAGES = (
    "xfblas",
    "numpy",
    "mkl",
    "onnxruntime",
    "onnx",
    "openvino",
    "torch",
    "keras",
    "jax",
    "hls4ml",
)
#: Instruction sets of ours, best first, and the feature of the CPU that each needs.
ISAS = {"avx512_vnni": "avx512_vnni", "avx512": "avx512bw", "avx2": "avx2"}
#: A product of one element, which tells on standard error what it was computed with.
TELL_ISA = "import numpy, xfblas; xfblas.matmul(*2 * [numpy.ones((1, 1), numpy.int16)])"


def machine_facts() -> dict:
    """CPU, instruction set in use, BLAS of numpy, versions."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": cpu(),
        "isa": isa_in_use(),
        "python": sys.version.split()[0],
        "numpy_blas": f"{blas.get('name')} {blas.get('version')}",
        "versions": {name: _version(name) for name in PACKAGES},
    }


def isa_in_use() -> str:
    """The instruction set that our engine takes here; ``"unknown"`` where it does not tell."""
    told = subprocess.run(
        [sys.executable, "-c", TELL_ISA],
        env=environment(1) | {"XFBLAS_VERBOSE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r" on (\w+)", told.stderr)
    return found[1] if found else "unknown"


def isas() -> list[str]:
    """Those of ours that this CPU can run, best first; the portable one is left out."""
    features = cpu()["features"]
    return [name for name, feature in ISAS.items() if feature in features]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
