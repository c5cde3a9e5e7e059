"""first_run.py IMAGE: opens an image, runs its kernel, and prints why that fails."""

import sys

import moods

import xfblas

with xfblas.open(sys.argv[1], target="xrt", trust=True) as device:
    try:
        moods.run(device.compute_units[0], moods.GOOD)
    except xfblas.errors.ExecutionError as error:
        print(error)
