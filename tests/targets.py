"""The target that the functional tests run on, and images for it.

These tests name packaged images and no target. With ``--target csim`` or ``--target xrt`` images of
the same names, with the kernels in them, take the place of the packaged ones.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from xrt import kernels

from xfblas.device import default_images, products
from xfblas.device.default_images import default_target
from xfblas.emulation.launcher import run
from xfblas.emulation.settings import DEFAULT_PLATFORM, Settings
from xfblas.image.builder import build_image
from xfblas.image.images import SPECIFICATIONS

FUNCTIONAL = ("engine", "l3", "compiled", "capi", "streaming")
CARDS = 4
ENGINES = ("fcn", "gemm", "gemv")
# The kernels compute cycle by cycle, so there are fewer random examples of them.
QUICK_SHARE = 4
is_exhaustive = False  # set before tests are imported
SHARE_OF_EXAMPLES = {"native": 1, "csim": 2, "xrt": 3}


def examples(count: int) -> settings:
    """Settings of a hypothesis test with so many examples on native; make test has fewer."""
    target = default_target()
    share = SHARE_OF_EXAMPLES[target] * (1 if is_exhaustive else QUICK_SHARE)
    return settings(max_examples=max(1, count // share))


def is_emulated() -> bool:
    """Whether this process can open emulated cards."""
    return os.environ.get("XCL_EMULATION_MODE") == "sw_emu"


def emulate(arguments) -> int:
    """Runs pytest again with emulated cards and returns its exit code.

    Raises:
        NotSupportedError: the Xilinx Runtime or a compiler is missing.
    """
    return run([sys.executable, "-m", "pytest", *arguments], Settings(devices=CARDS))


def use(target: str) -> tempfile.TemporaryDirectory:
    """Lets tests that name no target run on this one; gives the folder of its images."""
    os.environ["XFBLAS_TARGET"] = target
    folder = tempfile.TemporaryDirectory(prefix="xfblas-images-")
    for name in SPECIFICATIONS:
        write_image(name, Path(folder.name))
    default_images.DIRECTORY = Path(folder.name)
    default_images.KERNEL_TARGETS = ()  # no target needs another image then
    return folder


def close_default_devices():
    for device in products._devices.values():
        device.close()


def write_image(name: str, folder: Path):
    """A packaged image with the kernels of all its engines, for the emulated card."""
    wanted = SPECIFICATIONS[name]
    library = all_engines(wanted.configuration.data_type, folder)
    built = replace(wanted, platform=DEFAULT_PLATFORM, library=library.read_bytes())
    build_image(built, folder / f"{name}.xclbin")
    (folder / f"{name}.dat").write_text(wanted.configuration.to_text())


def all_engines(dtype: str, folder: Path) -> Path:
    """A library that has the entries of all engines' kernel libraries, which it loads."""
    path = folder / f"{dtype}.so"
    if not path.is_file():
        libraries = [kernels.engine_library(engine, dtype) for engine in ENGINES]
        entries = [f"xfblas_run_{engine}Kernel" for engine in ENGINES]
        source = "".join(
            f'extern "C" int {entry}(); void* use_{entry} = (void*){entry};' for entry in entries
        )
        command = ["g++", "-shared", "-fPIC", "-o", path, "-x", "c++", "-"]
        command += ["-x", "none", *libraries]
        command += [f"-Wl,-rpath,{library.parent}" for library in libraries]
        subprocess.run(command, input=source, text=True, check=True, capture_output=True)
    return path
