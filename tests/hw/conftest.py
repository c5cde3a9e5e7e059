"""Fixtures of the kernels' checks: libraries built once, and a seed that is printed."""

import functools

import numpy as np
import pytest
from kernels import HW, Kernel


@functools.cache
def build(engine, dtype, board="small", variant="", flags="", optimize=""):
    return Kernel(engine, dtype, board, variant, flags, optimize)


@pytest.fixture(scope="session")
def kernel_of():
    """Builds a kernel library the first time it is asked for."""
    return build


@pytest.fixture
def seed():
    """A new one each run; pytest shows it where the test fails."""
    value = int(np.random.SeedSequence().entropy % 2**32)
    print(f"seed {value}")
    return value


@pytest.fixture(scope="session")
def vendor_headers():
    """The folder of the vendor's ap_int.h and hls_stream.h, from the hls4ml wheel."""
    import subprocess
    import sys
    import zipfile

    folder = HW / "build" / "vendor"
    headers = folder / "hls4ml/templates/vivado/ap_types"
    if not (headers / "hls_stream.h").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "hls4ml",
            "--no-deps",
            "-q",
            "-d",
            folder,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        wheels = sorted(folder.glob("hls4ml-*.whl"))
        if done.returncode != 0 or not wheels:
            pytest.skip("the hls4ml wheel, which has the vendor's headers, cannot be downloaded")
        with zipfile.ZipFile(wheels[-1]) as wheel:
            wheel.extractall(folder, [n for n in wheel.namelist() if "/vivado/ap_types/" in n])
    return headers
