"""open.py IMAGE...: opens each, and prints one line that tells what came of it."""

import sys

import xfblas

for image in sys.argv[1:]:
    try:
        with xfblas.open(image, target="xrt") as device:
            print("opened", len(device.compute_units), flush=True)
    except xfblas.errors.XfblasError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
