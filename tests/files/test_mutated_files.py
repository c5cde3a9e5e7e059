"""Files of every format, mutated: each is read, or refused by an error of this library."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("mutations.py")
#: How many of each format; those of HDF5 are read by a process each.
COUNTS = {
    "h5": 30,
    "keras": 30,
    "xfblas": 30,
    "description": 60,
    "xclbin": 100,
    "npy": 200,
    "parquet": 200,
    "csv": 100,
}


@pytest.mark.native
@pytest.mark.parametrize("kind", COUNTS)
def test_mutated_files_are_refused_in_our_words(kind):
    pytest.importorskip("pyarrow")
    # Others each time: what fails is repeated by its seed.
    first = random.randrange(10**9)
    environment = {**os.environ, "XFBLAS_READ_TIMEOUT_MS": "20000"}
    command = [sys.executable, PROGRAM, kind, str(first), str(COUNTS[kind])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    seed = (done.stdout.split() or ["none"])[-1]
    again = f"{PROGRAM.name} {kind} {seed} 1"
    assert done.returncode == 0, f"{again} ended with {done.returncode}:\n{done.stderr[-3000:]}"
    assert done.stdout.split() == [str(first + index) for index in range(COUNTS[kind])]
