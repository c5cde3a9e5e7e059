"""ended.py IMAGE RUNS: ends with exit code 5 while its device is open, after so many runs."""

import sys

import moods

import xfblas

device = xfblas.open(sys.argv[1], target="xrt")
for _ in range(int(sys.argv[2])):
    assert moods.run(device.compute_units[0], moods.GOOD) == 100
sys.exit(5)
