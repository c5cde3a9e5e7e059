"""A folder of images, or of ``.npy`` files, as batches: for calibration and for predictions."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.checks import require_file, require_switch
from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.notices import notify
from xfblas.rows.row_source import as_real
from xfblas.tables.array_table import opened_array

#: Endings of names, in lower case.
IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".tif", ".tiff")
ARRAYS = (".npy",)
#: Of Pillow's modes, those that become RGB of 8 bits without loss of more than transparency.
MODES = ("RGB", "RGBA", "RGBX", "L", "LA", "P", "1", "CMYK", "YCbCr")


class ImageFolder:
    """The images of a folder by their names, one after the other; it may be used again and again.

    Each gives a batch (1, height, width, 3) float32, RGB from 0 to 255 unless it is preprocessed.
    ``.npy`` files hold one image (height, width, channels) or several (n, height, width, channels).

    Args:
        folder: is not searched below; files of other kinds in it are left aside.
        preprocess: what a model takes of an image: is called with (height, width, channels), uint8
            of images and any type of ``.npy`` files.
        skip_bad: whether an image that cannot be read, or has another shape than the first, is left
            out with a warning, instead of an error.

    Attributes:
        files: paths of all images.

    Raises:
        InvalidValueError: there is no such folder, or no image in it; later, for an image that
            cannot be read, with its name.
        NotSupportedError: Pillow, which reads images, is not installed.
    """

    def __init__(
        self, folder: Any, preprocess: Callable[..., Any] | None = None, skip_bad: bool = False
    ):
        self.folder = require_file("folder", folder, "the path of a folder")
        self._skip_bad = require_switch("skip_bad", skip_bad)
        self._dtype: type | None = np.float32
        if preprocess is not None and not callable(preprocess):
            raise InvalidValueError("preprocess is no function, expected one of an image")
        self._preprocess = preprocess
        if not self.folder.is_dir():
            raise InvalidValueError(f"folder is {self.folder}, a file, expected a folder of images")
        try:
            entries = sorted(self.folder.iterdir())
        except OSError as error:
            raise InvalidValueError(f"folder {self.folder} cannot be read: {error}") from None
        self.files = [
            path
            for path in entries
            if path.suffix.lower() in (*IMAGES, *ARRAYS) and not path.is_dir()
        ]
        if not self.files:
            raise InvalidValueError(
                f"folder {self.folder} has no images, expected files that end with "
                f"{', '.join((*IMAGES, *ARRAYS))}"
            )
        if any(path.suffix.lower() in IMAGES for path in self.files):
            _pillow()

    def __len__(self) -> int:
        """How many batches it gives at most."""
        return len(self.files)

    def as_stored(self) -> "ImageFolder":
        """The same with images as uint8, for a model that preprocesses them by itself."""
        found = copy.copy(self)
        found._dtype = None if self._preprocess is None else self._dtype
        return found

    def __iter__(self) -> Iterator[np.ndarray]:
        shape, given = None, 0
        for path in self.files:
            try:
                batch = self._batch(path)
                if batch.shape[1:] != (shape or batch.shape[1:]):
                    raise InvalidValueError(
                        f"{path} has shape {batch.shape[1:]}, but those before it {shape}"
                    )
            except InvalidValueError as error:
                if not self._skip_bad:
                    raise
                notify(f"left out: {error}")
                continue
            shape, given = batch.shape[1:], given + 1
            yield batch
        if not given:
            raise InvalidValueError(f"folder {self.folder} has no image that can be read")

    def _batch(self, path: Path) -> np.ndarray:
        images = [read_image(path)] if path.suffix.lower() in IMAGES else _arrays(path)
        if self._preprocess is not None:
            images = [np.asarray(self._preprocess(image)) for image in images]
        batch = np.stack([as_real(str(path), image) for image in images])
        return batch if self._dtype is None else batch.astype(self._dtype)


def read_image(path: Any) -> np.ndarray:
    """An image as RGB (height, width, 3) uint8.

    Raises:
        InvalidValueError: it cannot be read, or its pixels have more than 8 bits; with its name.
        NotSupportedError: Pillow is not installed.
    """
    image_module = _pillow()
    path = require_file("image", path)
    try:
        with image_module.open(path) as image:
            if image.mode not in MODES:
                raise InvalidValueError(
                    f"{path} has pixels of Pillow's type {image.mode}, expected 8 bits"
                )
            return np.asarray(image.convert("RGB"))
    except InvalidValueError:
        raise
    # What damaged files raise is each format's own.
    except Exception as error:
        raise InvalidValueError(f"{path} cannot be read as an image: {error}") from None


def _arrays(path: Path) -> list[np.ndarray]:
    try:
        array = np.asarray(opened_array(path))
    except OSError as error:
        raise InvalidValueError(f"{path} cannot be read: {error}") from None
    if array.ndim not in (3, 4) or not len(array):
        raise InvalidValueError(
            f"{path} has shape {array.shape}, expected (height, width, channels) or several of them"
        )
    return [array] if array.ndim == 3 else list(array)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise NotSupportedError(f'images need Pillow ({error}): pip install ".[images]"') from None
    return Image
