"""absent.py IMAGE: opens cards that are not there, then one that is."""

import sys

import xfblas

for name in (3, "0000:65:00.1"):
    try:
        xfblas.open(sys.argv[1], device=name, target="xrt")
    except xfblas.errors.XfblasError as error:
        print(f"{type(error).__name__}: {error}")
xfblas.open(sys.argv[1], target="xrt").close()
