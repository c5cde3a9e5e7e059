"""parallel.py IMAGE: both units take 0.3 s for a run; started together, no longer than one."""

import sys
import time

import numpy as np

import xfblas

SLOW = 11


def main(image):
    with xfblas.open(image, target="xrt") as device:
        kept = []
        for unit in device.compute_units:
            mood, answer = unit.send(np.full((1, 1), SLOW, np.int16)), unit.empty((1, 1))
            unit.fcn(mood, mood, answer)
            kept.append((mood, answer))
        start = time.monotonic()
        device.execute_async()
        for _, answer in kept:
            assert answer.read()[0, 0] == SLOW + 100
        seconds = time.monotonic() - start
    print(f"{seconds:.3f} s")
    assert 0.3 <= seconds < 0.5


main(*sys.argv[1:])
