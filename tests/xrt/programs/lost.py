"""lost.py IMAGE: a run that never ends, where only the host's own time limit ends the wait."""

import sys

import moods

import xfblas

ASLEEP = 12


def main(image):
    with xfblas.open(image, target="xrt") as device:
        for mood in (ASLEEP, moods.GOOD):
            try:
                print("answer", moods.run(device.compute_units[0], mood))
            except xfblas.errors.ExecutionError as error:
                print(error)
        print("neighbour", moods.run(device.compute_units[1], moods.GOOD))
    try:
        xfblas.open(image, target="xrt")
    except xfblas.errors.ExecutionError as error:
        print(error)
    print("end", flush=True)


main(*sys.argv[1:])
