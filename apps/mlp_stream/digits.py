"""Handwritten digits of 28 x 28 pixels: scikit-learn's, scaled up, or files of MNIST (idx)."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError, NotSupportedError

SIDE = 28
TEST_ROWS = 360  # of scikit-learn's 1797
#: Files of MNIST by what is in them; some distributions write a dot for the second hyphen.
FILES = {
    "train images": "train-images-idx3-ubyte",
    "train labels": "train-labels-idx1-ubyte",
    "test images": "t10k-images-idx3-ubyte",
    "test labels": "t10k-labels-idx1-ubyte",
}
UNSIGNED_BYTE = 8


def scikit_digits():
    """Training rows, their classes, test rows, their classes: float32 (m, 784) within 0 and 1.

    Raises:
        NotSupportedError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise NotSupportedError(f'{error}: pip install ".[apps]"') from None
    found = load_digits()
    places = np.arange(SIDE) * 8 // SIDE
    rows = (found.images[:, places][:, :, places] / 16).reshape(-1, SIDE * SIDE)
    order = np.random.default_rng(0).permutation(len(rows))
    rows, classes = rows[order].astype(np.float32), found.target[order]
    return rows[:-TEST_ROWS], classes[:-TEST_ROWS], rows[-TEST_ROWS:], classes[-TEST_ROWS:]


def mnist(folder):
    """The same from the four files of MNIST in a folder, which may be gzipped.

    Raises:
        InvalidValueError: a file is missing, or is none.
    """
    found = {what: _read(Path(folder), name) for what, name in FILES.items()}
    parts = []
    for share in ("train", "test"):
        images, labels = found[f"{share} images"], found[f"{share} labels"]
        if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE) or labels.ndim != 1:
            raise InvalidValueError(
                f"{folder}: {share} images have shape {images.shape} and labels {labels.shape}, "
                f"expected (rows, {SIDE}, {SIDE}) and (rows,)"
            )
        if len(images) != len(labels) or not len(images):
            raise InvalidValueError(
                f"{folder}: there are {len(images)} {share} images and {len(labels)} labels"
            )
        if labels.max() > 9:
            raise InvalidValueError(f"{folder}: {share} labels go up to {labels.max()}, expected 9")
        rows = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
        parts += [rows, labels.astype(np.int64)]
    return tuple(parts)


def _read(folder: Path, name: str) -> np.ndarray:
    names = [f"{each}{end}" for each in (name, name.replace("-idx", ".idx")) for end in ("", ".gz")]
    path = next((folder / each for each in names if (folder / each).is_file()), None)
    if path is None:
        raise InvalidValueError(f"{folder} has no {name}, gzipped or not")
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidValueError(f"{path} cannot be read: {error}") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTE:
        raise InvalidValueError(f"{path} is no idx file of bytes: it begins with {content[:4]!r}")
    head = 4 + 4 * content[3]
    if len(content) < head:
        raise InvalidValueError(f"{path} ends within its sizes")
    sizes = struct.unpack(f">{content[3]}I", content[4:head])
    if len(content) - head != int(np.prod(sizes, dtype=object)):
        raise InvalidValueError(f"{path} has {len(content) - head} bytes for sizes {sizes}")
    return np.frombuffer(content, np.uint8, offset=head).reshape(sizes)
