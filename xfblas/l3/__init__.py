"""The public library's vocabulary: its L3 functions, their sessions, and runtimes of networks."""

from xfblas.l3 import functions, manager
from xfblas.l3.functions import *  # noqa: F403
from xfblas.l3.manager import *  # noqa: F403

__all__ = [*functions.__all__, *manager.__all__]
