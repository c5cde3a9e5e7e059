"""devices.py IMAGE OTHER: two cards with an image each, two handles on one, two images on one."""

import sys

import moods

import xfblas


def main(image, other):
    def check(device):
        for unit in device.compute_units:
            assert moods.run(unit, moods.GOOD) == 100

    with (
        xfblas.open(image, device=0, target="xrt") as first,
        xfblas.open(image, device=0, target="xrt", compute_units=1) as again,
        xfblas.open(other, device=1, target="xrt") as second,
    ):
        for device in (first, again, second, first):
            check(device)
        again.close()
        check(first)
        for index in (0, 1):
            try:
                xfblas.open((other, image)[index], device=index, target="xrt")
            except xfblas.errors.InvalidValueError as error:
                print(error)
    with xfblas.open(other, device=0, target="xrt") as first:
        check(first)
    print("done")


main(*sys.argv[1:])
