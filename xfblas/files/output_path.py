"""What a path that is written to leads to."""

import os
import stat
from pathlib import Path

from xfblas.checks import require_path
from xfblas.errors import InvalidValueError

#: Endings of files of models and images.
MODEL_KINDS = (
    ".h5", ".hdf5", ".keras", ".onnx", ".pb", ".pt", ".pth", ".tflite", ".xclbin", ".xfblas",
)  # fmt: skip
#: Endings of files of rows.
ROW_KINDS = (".csv", ".npy", ".npz", ".parquet")


class MissingFolderError(InvalidValueError, FileNotFoundError):
    """There is no folder for a file that is to be written."""

    def __new__(cls, *arguments: object) -> "MissingFolderError":
        """As the operating system's errors are made, which XfblasError's own way does not allow."""
        return FileNotFoundError.__new__(cls, *arguments)


def path_text(path) -> str:
    """A path as text.

    Raises:
        InvalidValueError: it is none, empty, or holds a zero byte.
    """
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise InvalidValueError(f"path is a {type(path).__name__}, expected the path of a file")
    text = os.fsdecode(path)
    if not text or "\0" in text:
        raise InvalidValueError(f"path is {text!r}, expected the path of a file")
    return text


def state_of(path: str) -> os.stat_result | None:
    """What is at a path, behind its links; None for nothing.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def is_regular(state: os.stat_result | None) -> bool:
    """Whether something is there, and it is a file: no device, pipe or folder."""
    return state is not None and stat.S_ISREG(state.st_mode)


def own_descriptor(path: str) -> int | None:
    """The descriptor of this process that a path such as ``/dev/stdout`` stands for."""
    own = f"/proc/{os.getpid()}/fd"
    for _ in range(40):  # as many links as the kernel follows
        folder, name = os.path.split(path)
        if name.isdecimal() and os.path.realpath(folder) == own:
            return int(name)
        if not os.path.islink(path):
            return None
        path = os.path.join(folder, os.readlink(path))
    return None


def real_folder(path: str) -> Path:
    """The folder that a file of this path lies or would lie in, behind all links."""
    return Path(os.path.realpath(path)).parent


def require_output(
    name: str, path, endings: tuple[str, ...] = (), others: tuple[str, ...] = MODEL_KINDS
) -> str:
    """The text of a path to write to, before anything is computed for it.

    Args:
        name: of the argument or option.
        path: of the file.
        endings: of other kinds of files which ones are right.
        others: endings that are wrong else.

    Raises:
        InvalidValueError: it is no path, a folder has this name, its ending asks for another kind
            of file than is written, or its folder is not there, which is a FileNotFoundError too.
    """
    path = require_path(name, path, "the path of a file")
    folder = real_folder(path)
    if not folder.is_dir():
        raise MissingFolderError(f"{name} is {path}, but there is no folder {folder}")
    if Path(path).is_dir():
        raise InvalidValueError(f"{name} is {path}, which is a folder, expected a file to write")
    ending = Path(path).suffix.lower()
    if ending in others and ending not in endings:
        wanted = f"a name in {' or '.join(endings)}" if endings else "another ending"
        raise InvalidValueError(
            f"{name} is {path}, but what is written is no {ending} file: expected {wanted}"
        )
    return path
