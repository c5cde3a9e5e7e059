"""moods.py IMAGE MOOD TIMES: a kernel that misbehaves, then the same unit and its neighbour."""

import sys
import time

import numpy as np

import xfblas

GOOD = 0


def run(unit, mood):
    """One run of the kernel, as an instruction of its own; returns what the kernel wrote."""
    a = np.full((1, 1), mood, np.int16)
    mood_matrix = unit.send(a)
    answer = unit.empty((1, 1))
    unit.fcn(mood_matrix, mood_matrix, answer)
    try:
        unit.execute()
        return int(answer.read()[0, 0])
    finally:
        unit.clear()


def main(image, mood, times):
    with xfblas.open(image, target="xrt") as device:
        first, second = device.compute_units
        for _ in range(int(times)):
            start = time.monotonic()
            try:
                print("answer", run(first, int(mood)))
            except xfblas.errors.ExecutionError as error:
                print(error)
            print(f"{time.monotonic() - start:.3f} s", flush=True)
            assert run(first, GOOD) == 100
            assert run(second, GOOD) == 100


if __name__ == "__main__":
    main(*sys.argv[1:])
