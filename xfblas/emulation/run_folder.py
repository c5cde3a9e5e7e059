"""The temporary folder of one emulation: what XRT reads, its socket, and what it leaves behind."""

import os
import shutil
import tempfile
from pathlib import Path

from .build import Binaries
from .runtime import SOFTWARE_EMULATION
from .settings import Settings

# XRT makes its sockets in /tmp/$USER. With USER set to the name of a folder there, they lie in it.
BASE = Path("/tmp")
PREFIX = "xfblas-emulation-"
DEVICE_PROCESS = "data/emulation/unified/cpu_em/generic_pcie/model/genericpciemodel"
PACKET_BYTES = 65536  # three times the bandwidth of XRT's default


class RunFolder:
    """Made when it is entered, removed when it is left."""

    def __init__(self, settings: Settings, binaries: Binaries, shim: Path):
        self.settings = settings
        self.binaries = binaries
        self.shim = shim
        self.path: Path | None = None

    def __enter__(self):
        remove_abandoned()
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=BASE))
        try:
            self._link("xrt/lib/" + SOFTWARE_EMULATION, self.binaries.stub)
            self._link("vitis/" + DEVICE_PROCESS, self.binaries.device_process)
            # The runtime's libraries alone: its folder may be the system's, whose other libraries
            # would take the place of those that a program was built with, such as Python's own.
            for library in self.shim.parent.glob("libx*.so*"):
                self._link("libraries/" + library.name, library)
            (self.path / "emconfig.json").write_text(self.settings.to_emconfig())
            for name in ("run", "failures"):
                (self.path / name).mkdir()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        shutil.rmtree(self.path, ignore_errors=True)

    def _link(self, name: str, target: Path):
        link = self.path / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)

    def environment(self) -> dict[str, str]:
        """What a program's environment needs, to be added to the present one."""
        values = {
            "XCL_EMULATION_MODE": "sw_emu",
            "XILINX_XRT": str(self.path / "xrt"),
            "XILINX_VITIS": str(self.path / "vitis"),
            "EMCONFIG_PATH": str(self.path),
            "SDACCEL_EM_RUN_DIR": str(self.path / "run"),
            "SW_EMU_PACKET_SIZE": str(PACKET_BYTES),
            "USER": self.path.name,
            "XFBLAS_EMULATION_SHIM": str(self.shim),
            "XFBLAS_EMULATION_FAILURES": str(self.path / "failures"),
            "LD_LIBRARY_PATH": ":".join(
                filter(None, (str(self.path / "libraries"), os.environ.get("LD_LIBRARY_PATH")))
            ),
        }
        if self.settings.devices == 1:
            values["XFBLAS_EMULATION_SHARES_PACKETS"] = "1"
        # Programs that ask for the user's name must not get the folder's.
        if "LOGNAME" not in os.environ and "USER" in os.environ:
            values["LOGNAME"] = os.environ["USER"]
        if self.settings.time_limit_ms is not None:
            values["XFBLAS_TIMEOUT_MS"] = str(self.settings.time_limit_ms)
        return values


def remove_abandoned():
    """Removes the folders of launchers that were killed before they could do so."""
    for folder in BASE.glob(PREFIX + "*"):
        number = folder.name.removeprefix(PREFIX).partition("-")[0]
        if number.isdigit() and not Path("/proc", number).exists():
            shutil.rmtree(folder, ignore_errors=True)
