"""Programs on cards that are not there: the xrt target as on hardware, with every call counted."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from xrt import kernels

from xfblas.image.builder import build_image
from xfblas.image.images import SPECIFICATIONS, memory_banks
from xfblas.image.kinds import Mode

CARDS = ("0000:3b:00.1", "0000:65:00.1")


class Machine:
    """A machine with cards, and an image for them without and one with padding."""

    def __init__(self, folder: Path):
        self.folder = folder
        library = folder / "libxrt_coreutil.so.2"
        source = Path(__file__).with_name("runtime.cpp")
        compile_it = ["g++", "-std=c++17", "-O1", "-fPIC", "-shared", "-o", library, source, "-ldl"]
        subprocess.run(compile_it, check=True, capture_output=True)
        self.kernel = kernels.engine_library("fcn")
        self.image = self.write_image("default_short")
        self.padded_image = self.write_image("seed_short")
        for index, bdf in enumerate(CARDS):
            device = folder / "devices" / bdf
            (device / "drm").mkdir(parents=True)
            (device / "drm" / f"renderD{128 + index}").touch()
            (device / "driver").symlink_to("/drivers/xocl")
        # The cards' other function, which no program opens.
        (folder / "devices" / "0000:3b:00.0").mkdir()
        (folder / "devices" / "0000:3b:00.0" / "driver").symlink_to("/drivers/xclmgmt")

    def write_image(self, preset: str) -> Path:
        wanted = SPECIFICATIONS[preset]
        configuration = replace(wanted.configuration, engines=frozenset(["Fcn"]), kernel_count=2)
        return build_image(
            replace(
                wanted,
                configuration=configuration,
                banks=memory_banks(2),
                library=self.kernel.read_bytes(),
                mode=Mode.PR,
            ),
            self.folder / f"{preset}.xclbin",
        )

    def run(self, script: str, **variables):
        """What a program prints, and the calls of the runtime while it ran, a line each."""
        log = self.folder / "log"
        log.write_text("")
        environment = {
            **{k: v for k, v in os.environ.items() if k != "XCL_EMULATION_MODE"},
            "LD_LIBRARY_PATH": str(self.folder),
            "XFBLAS_PCI_DEVICES": str(self.folder / "devices"),
            "XFBLAS_TARGET": "xrt",
            "XFBLAS_XRT_ARENA_MB": "4",
            "FAKE_LOG": str(log),
            "FAKE_KERNEL": str(self.kernel),
            **variables,
        }
        header = f"import numpy as np, xfblas\nimage, padded = {str(self.image)!r}, "
        header += f"{str(self.padded_image)!r}\ndef say(text): open({str(log)!r}, 'a')"
        header += ".write(text + '\\n')\n"
        done = subprocess.run(
            [sys.executable, "-c", header + script],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, log.read_text().splitlines()


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    return Machine(tmp_path_factory.mktemp("cards"))
