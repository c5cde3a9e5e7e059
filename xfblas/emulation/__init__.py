"""Software emulation of a card on the real Xilinx Runtime (XRT), without Vitis.

XRT starts a *device process* and talks to it as to a card. Here that process is built from the
sources in ``emulation/``; it runs the kernel library that an emulation image carries.
"""

from .launcher import run
from .settings import DEFAULT_PLATFORM, Settings

__all__ = ["DEFAULT_PLATFORM", "Settings", "run"]
