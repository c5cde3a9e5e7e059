"""ended.py IMAGE: ends with exit code 5 while its device is open."""

import sys

import moods

import xfblas

device = xfblas.open(sys.argv[1], target="xrt")
assert moods.run(device.compute_units[0], moods.GOOD) == 100
sys.exit(5)
