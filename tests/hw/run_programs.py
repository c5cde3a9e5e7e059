"""Runs random programs in a process of its own.

    python run_programs.py engine dtype variant flags seed count

The sanitizers need this, because their runtime must be loaded before Python's own memory is.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the oracle

import hostile_programs
import random_programs
from kernels import Kernel

if __name__ == "__main__":
    engine, dtype, variant, flags, seed, count = sys.argv[1:]
    kernel = Kernel(engine, dtype, "small", variant, flags, "-O1 -g")
    random_programs.run(kernel, int(seed), int(count))
    hostile_programs.run(kernel, int(seed), int(count))
