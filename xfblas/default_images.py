"""The images that come with the package."""

from pathlib import Path

import numpy as np

from xfblas.errors import ImageError, InvalidValueError

DIRECTORY = Path(__file__).parent / "images"
NAMES = {np.dtype(np.int16): "default_short", np.dtype(np.float32): "default_float"}


def image_path(name: str) -> Path:
    """Path of a packaged image, such as ``"default_short"`` or ``"seed_short"``.

    Raises:
        ImageError: it was not built.
    """
    path = DIRECTORY / f"{name}.xclbin"
    if not path.is_file():
        raise ImageError(f"the packaged image {name} is not there: run `make image`")
    return path


def default_image(dtype) -> Path:
    """Path of the packaged image for an element type: int16 or float32.

    Raises:
        InvalidValueError: there is no image for this dtype.
    """
    dtype = np.dtype(dtype)
    if dtype not in NAMES:
        raise InvalidValueError(f"dtype is {dtype}, expected int16 or float32")
    return image_path(NAMES[dtype])
