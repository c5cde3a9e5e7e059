"""The public library's import name for :mod:`xfblas.l3`."""

from xfblas.l3 import *  # noqa: F403
