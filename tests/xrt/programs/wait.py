"""wait.py IMAGE MOOD: tells that it starts a run of that mood, starts it, and what came of it."""

import os
import sys

import moods

import xfblas

with xfblas.open(sys.argv[1], target="xrt") as device:
    print("ready", os.getpid(), flush=True)
    print("answer", moods.run(device.compute_units[0], int(sys.argv[2])), flush=True)
