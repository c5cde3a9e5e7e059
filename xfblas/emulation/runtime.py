"""Finds the Xilinx Runtime on this machine."""

import os
import sysconfig
from pathlib import Path

from xfblas.errors import NotSupportedError

CORE = "libxrt_coreutil.so.2"
SOFTWARE_EMULATION = "libxrt_swemu.so.2"
INSTALL_HINT = (
    "install the Xilinx Runtime (Debian 12: apt-get install libxrt1; else AMD's xrt package)"
)


def folders() -> list[Path]:
    """Where the runtime's libraries may lie, the most particular place first."""
    named = [os.environ["XILINX_XRT"] + "/lib"] if os.environ.get("XILINX_XRT") else []
    named += [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path]
    multiarch = sysconfig.get_config_var("MULTIARCH")
    named += ["/opt/xilinx/xrt/lib"]
    named += [f"/usr/lib/{multiarch}"] if multiarch else []
    return [Path(name) for name in (*named, "/usr/lib64", "/usr/lib")]


def find_software_emulation() -> Path:
    """The runtime's library for software emulation.

    Raises:
        NotSupportedError: the runtime is not installed, or has no software emulation.
    """
    for folder in folders():
        if (folder / SOFTWARE_EMULATION).is_file() and (folder / CORE).is_file():
            return folder / SOFTWARE_EMULATION
    if any((folder / CORE).is_file() for folder in folders()):
        raise NotSupportedError(
            f"this machine's XRT has no software emulation: there is no {SOFTWARE_EMULATION}"
        )
    raise NotSupportedError(f"{CORE} is not installed: {INSTALL_HINT}")
