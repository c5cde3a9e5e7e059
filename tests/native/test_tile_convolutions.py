"""Convolutions on tiles: the oracle's bytes, on the genuine registers and on their twin."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import tile_convolutions

import xfblas

PROGRAM = Path(__file__).parent / "programs/tile_convolutions.py"
TILE_SETS = [isa for isa in xfblas.native_engine().instruction_sets if isa.startswith("amx")]


def test_the_twin_is_everywhere():
    assert "amx_twin" in TILE_SETS


@pytest.mark.parametrize("isa", TILE_SETS)
@pytest.mark.parametrize("name", tile_convolutions.SHAPES)
def test_the_bytes_and_the_way(isa, name, generator):
    """Every number of byte planes, low bits and whole sums, in maps wider than what is read."""
    seed = str(generator.integers(2**31))
    done = subprocess.run(
        [sys.executable, PROGRAM, name, seed],
        env={**os.environ, "XFBLAS_ISA": isa, "XFBLAS_TARGET": "native"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    ways = done.stdout.splitlines()
    assert len(ways) == len(tile_convolutions.KINDS)
    if name in tile_convolutions.ON_VECTORS:
        assert "tiles" not in done.stdout
    else:
        assert set(ways) == {"tiles"}
