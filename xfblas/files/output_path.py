"""What a path that is written to leads to."""

import os
import stat
from pathlib import Path

from xfblas.errors import InvalidValueError


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
