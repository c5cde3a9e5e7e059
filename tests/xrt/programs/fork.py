"""fork.py IMAGE: a fork must not use or close its parent's device."""

import os
import sys

import moods

import xfblas


def main(image):
    with xfblas.open(image, target="xrt") as device:
        assert moods.run(device.compute_units[0], moods.GOOD) == 100
        child = os.fork()
        if child == 0:
            try:
                xfblas.open(image, target="xrt")
            except xfblas.errors.NotSupportedError as error:
                print(error)
            sys.exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        assert moods.run(device.compute_units[0], moods.GOOD) == 100


main(*sys.argv[1:])
