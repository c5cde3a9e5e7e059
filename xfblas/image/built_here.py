"""Which kernel libraries were put into images on this machine, by this user.

csim and emulated cards load the library in an image, so the image is a program. What was built here
is known by its hash, an empty file in a folder of the user's that nobody else can write to: who can
might as well change the user's programs.
"""

import hashlib
import os
import stat
from pathlib import Path

from xfblas.errors import ImageError

from .container import Container, read
from .kinds import SectionKind


def cache_folder() -> Path:
    """Where things are kept that can be made again.

    Raises:
        OSError: there is no home.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "xfblas"
    except RuntimeError as error:
        raise OSError(str(error)) from None


def record(container: Container) -> None:
    """Remembers the libraries of an image as built here, if the user has a place for that."""
    try:
        for library in _libraries(container):
            folder = _folder()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _path(folder, library).touch()
    except OSError:
        pass  # An image that cannot be remembered can still be trusted by its user.


def require_built_here(path: str | os.PathLike[str]) -> None:
    """Raises an ImageError for an image with a library that was not put into it here."""
    for library in _libraries(read(path)):
        if not _is_known(library):
            raise ImageError(
                f"{os.fsdecode(path)} was not built here, and opening it would run the program in "
                "it: build it here (`make xclbin TARGET=emu`), or pass trust=True if you trust "
                "where it comes from"
            )


def _libraries(container: Container) -> list[bytes]:
    found = container.sections_of(SectionKind.BITSTREAM)
    return [section.data for section in found if section.data.startswith(b"\x7fELF")]


def _is_known(library: bytes) -> bool:
    try:
        folder = _folder()
        state = folder.lstat()
        is_own = stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid()
        is_private = not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        return is_own and is_private and _path(folder, library).is_file()
    except OSError:
        return False


def _folder() -> Path:
    return cache_folder() / "built-here"


def _path(folder: Path, library: bytes) -> Path:
    return folder / hashlib.sha256(library).hexdigest()
