"""crash.py IMAGE: reads address 0 while its device is open."""

import ctypes
import sys

import xfblas

device = xfblas.open(sys.argv[1], target="xrt")
ctypes.string_at(0)
