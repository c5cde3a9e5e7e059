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
ISAS = {"amx": "amx_int8", "avx512_vnni": "avx512_vnni", "avx512": "avx512bw", "avx2": "avx2"}
#: A product of one element, which tells on standard error what it was computed with.
TELL_ISA = "import numpy, xfblas; xfblas.matmul(*2 * [numpy.ones((1, 1), numpy.int16)])"
#: The kernel of numpy's OpenBLAS, and the instruction set of torch; neither may be there.
TELL_KERNEL = """
import numpy, threadpoolctl
found = [one for one in threadpoolctl.threadpool_info() if one["internal_api"] == "openblas"]
print(found[0]["architecture"] if found else "")
"""
TELL_TORCH = "import torch; print(torch.backends.cpu.get_cpu_capability())"
AVX512_KERNELS = ("skylakex", "cooperlake", "sapphirerapids")


def machine_facts() -> dict:
    """CPU, instruction set in use, BLAS of numpy, versions."""
    kernel = blas_kernel()
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": cpu(),
        "isa": isa_in_use(),
        "python": sys.version.split()[0],
        "numpy_blas": f"{blas.get('name')} {blas.get('version')}, kernel {kernel}",
        "lesser": lesser_sets(cpu()["features"], kernel),
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


def blas_kernel() -> str:
    """The kernel that numpy's OpenBLAS chose in a worker; ``"unknown"`` where none tells."""
    return _told(TELL_KERNEL)


def lesser_sets(features, kernel: str) -> dict[str, str]:
    """The instruction sets of peers that take a lesser one than there is, by how they begin.

    Args:
        features: of this CPU.
        kernel: from :func:`blas_kernel`.
    """
    if "avx512bw" not in features:
        return {}
    found = {}
    if kernel != "unknown" and kernel.lower() not in AVX512_KERNELS:
        found["numpy"] = f"OpenBLAS kernel {kernel}, without AVX-512"
    capability = _told(TELL_TORCH)
    if capability not in ("unknown", "AVX512"):
        found["torch"] = f"{capability}, without AVX-512"
    return found


def _told(program: str) -> str:
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(1),
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "unknown"


def isas() -> list[str]:
    """Those of ours that this CPU can run, best first; the portable one is left out."""
    features = cpu()["features"]
    return [name for name, feature in ISAS.items() if feature in features]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
