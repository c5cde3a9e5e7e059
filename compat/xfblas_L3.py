"""The public library's import name for :mod:`xfblas.l3` and its manager."""

from xfblas.l3 import *  # noqa: F403
from xfblas.l3_manager import *  # noqa: F403
