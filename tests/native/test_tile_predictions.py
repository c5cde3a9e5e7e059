"""Models in one call on tiles: floats that are encoded into planes of bytes, layer by layer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import tile_predictions

import xfblas

PROGRAM = Path(tile_predictions.__file__)
TILE_SETS = [isa for isa in xfblas.native_engine().instruction_sets if isa.startswith("amx")]


@pytest.mark.parametrize("isa", TILE_SETS)
def test_the_bytes_and_the_way(isa, generator):
    """Every row count goes by what was packed for tiles, one row in vectors."""
    done = subprocess.run(
        [sys.executable, PROGRAM, str(generator.integers(2**31))],
        env={**os.environ, "XFBLAS_ISA": isa, "XFBLAS_TARGET": "native"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    predictions = 2 * len(tile_predictions.MODELS) * len(tile_predictions.ROWS)
    assert done.stdout.split() == ["tiles"] * predictions
