"""Images whose kernels are compiled for this CPU, built once by the project's own commands."""

import functools
import shutil
import subprocess
import sys
from pathlib import Path

import packages
import pytest

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def build(engine: str, dtype: str, board: str) -> Path:
    options = {"TARGET": "emu", "PLATFORM": board, "ENGINE": engine, "DTYPE": dtype, "NUM_CU": "1"}
    command = ["make", "--no-print-directory", "-f", "hw/xclbin.mk", f"PYTHON={sys.executable}"]
    done = subprocess.run(
        [*command, *(f"{name}={value}" for name, value in options.items())],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / done.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def image_of():
    """Builds an emulation image the first time it is asked for: engine, dtype, board."""
    if shutil.which("g++") is None:
        packages.skip_without("a C++ compiler", "g++")
    return build
