"""absent.py IMAGE: opens a card that is not there, then one that is."""

import sys

import xfblas

try:
    xfblas.open(sys.argv[1], device=3, target="xrt")
except xfblas.errors.XfblasError as error:
    print(f"{type(error).__name__}: {error}")
xfblas.open(sys.argv[1], target="xrt").close()
