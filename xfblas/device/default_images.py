"""The images that come with the package."""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from xfblas.arrays import element_type
from xfblas.checks import require_text, shown
from xfblas.errors import ImageError
from xfblas.image.configuration import ENGINES
from xfblas.image.element_types import NAMES as ELEMENT_NAMES

DIRECTORY = Path(__file__).parents[1] / "images"
#: Where programs run, as the C library knows them. The first is taken where none is named; the
#: others run kernels, which an image must carry.
TARGETS = ("native", "csim", "xrt")
KERNEL_TARGETS = TARGETS[1:]
NAME_MAX = 200  # longer names of files are errors of their own
SOURCE_TREE = Path(__file__).parents[2]
#: Names of the packaged images' element types: int16, float32 and int8.
DATA_TYPES = {np.dtype(dtype): name for dtype, name in ELEMENT_NAMES.items()}
NAMES = {dtype: f"default_{data_type}" for dtype, data_type in DATA_TYPES.items()}


def image_path(name: str) -> Path:
    """Path of a packaged image, such as ``"default_short"`` or ``"seed_short"``.

    Raises:
        ImageError: it was not built.
    """
    require_text("name", name, "that of a packaged image")
    path = DIRECTORY / f"{name}.xclbin"
    if len(name) > NAME_MAX or not path.is_file():
        raise ImageError(f"the packaged image {shown(name)} is not there: {how_to_get_images()}")
    return path


def is_source_tree() -> bool:
    """Whether this is the package in its source tree, where make and the kernels are."""
    return (SOURCE_TREE / "hw/xclbin.mk").is_file()


def how_to_get_images() -> str:
    """What to do where packaged images are missing."""
    return "run `make image`" if is_source_tree() else "install xfblas again"


def default_target() -> str:
    """The target of devices that name none: the environment's XFBLAS_TARGET, else ``native``."""
    return os.environ.get("XFBLAS_TARGET") or TARGETS[0]


def runs_images(target: str) -> bool:
    """Whether a target loads the library in an image, which is a program then."""
    return target == "csim" or (target == "xrt" and "XCL_EMULATION_MODE" in os.environ)


def default_image(dtype: DTypeLike, engine: str = "Fcn", target: str = TARGETS[0]) -> Path:
    """Path of the image that is taken where none is given.

    Args:
        dtype: element type: int16, int8 or float32.
        engine: ``"Fcn"``, ``"Gemm"`` or ``"Gemv"``.
        target: ``native`` takes the packaged image; the others need one with the engine's kernel,
            which is compiled for a U250 the first time it is asked for.

    Raises:
        DtypeError: there is no image for this dtype.
        ImageError: the kernel's sources are not here, or do not compile.
    """
    dtype = element_type("dtype", dtype, *NAMES)
    # What is unknown here is refused by the device that is opened with it.
    if target not in KERNEL_TARGETS or engine not in ENGINES:
        return image_path(NAMES[dtype])
    return emulation_image(
        {"PLATFORM": "u250", "ENGINE": engine.lower(), "DTYPE": DATA_TYPES[dtype]}
    )


@contextlib.contextmanager
def _building(folder: Path) -> Iterator[None]:
    """One process at a time builds in a folder; the others then find it built."""
    folder.mkdir(parents=True, exist_ok=True)
    # The folder itself is what is locked: no file is left, and who may not write may wait.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def emulation_image(options: Mapping[str, str]) -> Path:
    """Path of an image with kernels for this CPU, which is built where it is not there yet.

    Args:
        options: of ``make xclbin``, in the order in which they name the image's folder; empty ones
            are left out.

    Raises:
        ImageError: the kernels' sources are not here, or do not compile.
    """
    given = {name: value for name, value in options.items() if value}
    engine = given["ENGINE"]
    words = ["TARGET=emu", *(f"{name}={value}" for name, value in given.items())]
    if not is_source_tree():
        raise ImageError(
            "the kernels' sources are not in this installation: build an image in the source tree "
            f"with `make xclbin {' '.join(words)}` and pass it as xclbin"
        )
    command = ["make", "--no-print-directory", "-f", "hw/xclbin.mk", f"PYTHON={sys.executable}"]
    folder = "-".join([*given.values(), "emu"]).replace(",", "-")
    try:
        with _building(SOURCE_TREE / "hw/build" / folder):
            done = subprocess.run(
                [*command, *words], cwd=SOURCE_TREE, capture_output=True, text=True, check=False
            )
    except FileNotFoundError:
        raise ImageError(
            f"the {engine} kernel cannot be built: make is not installed "
            "(Debian: apt-get install make)"
        ) from None
    except OSError as error:
        raise ImageError(f"the {engine} kernel cannot be built: {error}") from None
    if done.returncode:
        shown = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise ImageError(f"the {engine} kernel cannot be built: {shown}")
    return SOURCE_TREE / done.stdout.splitlines()[-1]
