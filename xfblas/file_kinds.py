"""What kind of file somebody passed, by its content, and what takes it; for messages."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from xfblas.errors import InvalidValueError
from xfblas.image.layout import MAGIC


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes:
        name: what messages call it.
        remedy: which call and which command take it, or what to do with it.
    """

    name: str
    remedy: str


SAVE_AGAIN = "it is not read; save the Keras model that it was made from as .keras"
XFBLAS = FileKind("a compiled .xfblas model", "xfblas.load or `xfblas predict` takes it")
KERAS = FileKind("a Keras file", "xfblas.compile or `xfblas quantize` takes it")
WEIGHTS = FileKind(
    "a Keras file of weights alone",
    "xfblas.compile or `xfblas quantize` takes it with architecture=",
)
ARCHITECTURE = FileKind(
    "an architecture without weights",
    "pass it as architecture= with the file of weights as the model",
)
IMAGE = FileKind("an image for an FPGA", "xfblas.open takes it, or xclbin= of a call")
CONFIGURATION = FileKind("the configuration of an image", "xfblas.open takes it as cfg=")
ROWS = FileKind("a file of rows", "`xfblas predict MODEL ROWS` takes it, or predict of a model")
FOLDER = FileKind("a folder", "pass a file, or save a model as .keras or .h5")
UNZIPPED = FileKind("a Keras model that is not zipped", "save it with zipped=True")
SAVED_MODEL = FileKind("a SavedModel folder of TensorFlow", SAVE_AGAIN)
TENSORFLOW = FileKind("a graph or checkpoint of TensorFlow", SAVE_AGAIN)
TFLITE = FileKind("a TensorFlow Lite model", SAVE_AGAIN)
ONNX = FileKind("an ONNX model", "xfblas.compile or `xfblas quantize` takes it")
PYTORCH = FileKind("a PyTorch file", "it is not read; write its layers as a Keras model")
PICKLE = FileKind("a pickle", "it is not read, since it can run code; save the model as .keras")

_STARTS = (
    (MAGIC, IMAGE),
    (b"\x93NUMPY", ROWS),
    (b"PAR1", ROWS),
    *((bytes((0x80, protocol)), PICKLE) for protocol in range(2, 6)),
)
#: Attribute ``format`` of the root of a .xfblas file.
XFBLAS_FORMAT = "xfblas model"
#: Names of attributes, and a format, which HDF5 never compresses; the first that is there decides.
_HDF5_WORDS = (
    (XFBLAS, (XFBLAS_FORMAT.encode(),)),
    (KERAS, (b"model_config",)),
    (WEIGHTS, (b"layer_names", b"nb_layers", b"vars")),
)
_HDF5_START = b"\x89HDF"
_HDF5 = tuple(kind for kind, _ in _HDF5_WORDS)
_WEIGHTS_ATTRIBUTES = {"layer_names", "layer_names0", "nb_layers"}
#: What only names tell.
_ENDINGS = {
    ".onnx": ONNX,
    ".tflite": TFLITE,
    ".pb": TENSORFLOW,
    ".ckpt": TENSORFLOW,
    ".index": TENSORFLOW,
    ".data-00000-of-00001": TENSORFLOW,
    ".pt": PYTORCH,
    ".pth": PYTORCH,
}


def kind_of(path) -> FileKind | None:
    """The kind of a file or folder; None for what is not there, damaged or not known."""
    path = Path(os.fsdecode(path))
    try:
        if path.is_dir():
            return _of_folder(path)
        if not path.is_file():
            return None  # Nothing, or a pipe, which may wait for ever.
        with path.open("rb") as file:
            start = file.read(1024)
        return _by_content(path, start) or _by_name(path)
    except (OSError, ValueError, zipfile.BadZipFile):
        return None


def refuse_others(path, expected: str, *wanted: FileKind, error=InvalidValueError) -> None:
    """Raises an error for a file that is known to be of another kind than those wanted.

    Raises:
        InvalidValueError: or the error given; says what the file is and which call takes it.
    """
    kind = kind_of(path)
    if kind in _HDF5 and not {*_HDF5}.isdisjoint(wanted) and _starts_as_hdf5(path):
        return  # What it seems to be by its words, its reader knows better.
    if kind is not None and kind not in wanted:
        found = f"{os.fsdecode(path)} is {kind.name}, which is not {expected}"
        raise error(f"{found}: {kind.remedy}")


def require_kind(root, where: str, expected: str, *wanted: FileKind) -> None:
    """Raises an InvalidValueError for the root of an HDF5 file whose kind is known to be another.

    Args:
        root: the :class:`~xfblas.hdf5.Group`.
        where: the file.
        expected: what it should be.
        wanted: kinds that it may be.
    """
    kind = None
    if str(root.attrs.get("format")) == XFBLAS_FORMAT:
        kind = XFBLAS
    elif "model_config" in root.attrs:
        kind = KERAS
    elif "layers" in root or not _WEIGHTS_ATTRIBUTES.isdisjoint(root.attrs):
        kind = WEIGHTS
    if kind is not None and kind not in wanted:
        raise InvalidValueError(f"{where} is {kind.name}, which is not {expected}: {kind.remedy}")


def _of_folder(path):
    if (path / "saved_model.pb").is_file():
        return SAVED_MODEL
    return UNZIPPED if (path / "config.json").is_file() else FOLDER


def _by_content(path, start):
    if start.startswith(b"PK"):
        return _of_zip(path)
    if start.startswith(_HDF5_START):
        return _of_hdf5(path)
    if start[4:8] == b"TFL3":
        return TFLITE
    # Protocol buffers: the version of ONNX' format, and then who wrote it, the graph or its sets.
    is_version = start[:1] == b"\x08" and b"\x03" <= start[1:2] < b"\x40"
    if is_version and start[2:3] in (b"\x12", b"\x3a", b"\x42"):
        return ONNX
    if start.lstrip()[:1] in (b"{", b"[") and b'"class_name"' in start:
        return ARCHITECTURE
    if start.startswith(b"BLAS_") or b"\nBLAS_" in start:
        return CONFIGURATION
    return next((kind for magic, kind in _STARTS if start.startswith(magic)), None)


def _of_zip(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if "config.json" in names:
        return KERAS
    if any(name.endswith("data.pkl") for name in names):
        return PYTORCH
    return ROWS if names and all(name.endswith(".npy") for name in names) else None


def _starts_as_hdf5(path):
    with open(path, "rb") as file:
        return file.read(len(_HDF5_START)) == _HDF5_START


def _of_hdf5(path):
    """By words that it holds: libhdf5 is kept away from files that nobody wants to read."""
    found = words_in(path, *(word for _, words in _HDF5_WORDS for word in words))
    return next((kind for kind, words in _HDF5_WORDS if found.intersection(words)), None)


def words_in(path, *words: bytes) -> set[bytes]:
    """Which of some words are in a file."""
    found, rest, longest = set(), b"", max(map(len, words))
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            part = rest + chunk
            found |= {word for word in words if word not in found and word in part}
            rest = part[-longest:]
    return found


def _by_name(path):
    name = path.name.lower()
    return next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), None)
