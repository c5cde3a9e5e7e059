"""Each instruction set gives the same bytes through the public interface."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from children import run_python

import xfblas

PROGRAM = Path(__file__).parent / "programs/digest.py"
ISAS = xfblas.native_engine().instruction_sets


@pytest.fixture(scope="module")
def digests(int8_image):
    """What the program prints, by instruction set."""
    found = {}
    for isa in ISAS:
        done = subprocess.run(
            [sys.executable, PROGRAM, int8_image],
            env={**os.environ, "XFBLAS_ISA": isa},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found[isa] = done.stdout
    return found


@pytest.mark.parametrize("isa", ISAS)
def test_the_same_bytes(digests, isa):
    assert digests[isa].count("\n") == 8
    assert digests[isa] == digests["portable"]


@pytest.mark.parametrize("isa", ISAS)
def test_the_one_that_was_asked_for_is_used(isa):
    code = "import xfblas; print(xfblas.native_engine().instruction_set)"
    assert run_python(code, XFBLAS_ISA=isa).stdout == f"{isa}\n"


def test_an_unknown_one_is_refused():
    code = "import numpy as np, xfblas; xfblas.matmul(*[np.ones((2, 2), np.int16)] * 2)"
    done = run_python(code, XFBLAS_ISA="avx1024")
    assert done.returncode == 1
    expected = f"XFBLAS_ISA is avx1024, expected one that this CPU runs: {', '.join(ISAS)}"
    assert f"InvalidValueError: {expected}" in done.stderr
