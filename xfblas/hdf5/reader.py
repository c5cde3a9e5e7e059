"""Opens HDF5 files: in a child process with a time limit, or at once where they are trusted."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from xfblas.checks import shown
from xfblas.errors import AllocationError, InvalidValueError
from xfblas.hdf5.nodes import Dataset, Group
from xfblas.hdf5.process import ReadingProcess
from xfblas.hdf5.values import value_of

#: What h5py, numpy and zipfile raise on damaged files, by experience.
_DAMAGE = (OSError, EOFError, LookupError, ValueError, TypeError, RuntimeError, AttributeError)


@contextlib.contextmanager
def open_file(
    path: str | os.PathLike[str], trusted: bool = False, member: str | None = None
) -> Iterator[Group]:
    """The root :class:`Group` of a file, whose arrays are read when they are asked for.

    Args:
        path: of the file.
        trusted: whether it is read in this process, without limits of time and size.
        member: its name where the HDF5 file is within a zip file.

    Raises:
        InvalidValueError: the file is damaged, refers to other files, asks for too much memory, or
            took too long to read: XFBLAS_READ_TIMEOUT_MS, by default 60000. ``trusted`` is no bool.
        AllocationError: there is no memory for it.
    """
    if not isinstance(trusted, (bool, np.bool_)):
        raise InvalidValueError(f"trusted is {shown(trusted)}, expected True or False")
    where = os.fspath(path)
    source: Any = _Here(where, member) if trusted else ReadingProcess(where, member)
    with contextlib.closing(source):
        yield _tree(source)


class _Here:
    """A file that this process reads."""

    def __init__(self, where: str, member: str | None):
        from xfblas.hdf5.contents import Contents

        self._where = where
        with self._told():
            self._contents = Contents(where, member)
        self.nodes = self._contents.nodes

    def read(self, number: int, dtype: np.dtype) -> Any:
        with self._told():
            return self._contents.read(number)

    def close(self) -> None:
        self._contents.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except MemoryError as error:
            raise AllocationError(f"{self._where}: there is no memory for it: {error}") from error
        except _DAMAGE as error:
            raise InvalidValueError(f"{self._where} is damaged: {error}") from error


def _tree(source: Any) -> Group:
    """The root of the nodes that a source describes."""
    found: list[Any] = []
    for number, node in enumerate(source.nodes):
        attrs = {name: value_of(plain) for name, plain in node["attrs"].items()}
        if "items" in node:
            found.append(Group(node["name"], attrs))
            continue
        dtype = _dtype(node["dtype"])

        def read(number: int = number, name: str = node["name"], dtype: Any = dtype) -> Any:
            if dtype is None:
                raise InvalidValueError(f"{name} holds no numbers and no text")
            return source.read(number, dtype)

        found.append(Dataset(node["name"], tuple(node["shape"]), dtype, attrs, read))
    for node, group in zip(source.nodes, found, strict=True):
        for name, number in node.get("items", {}).items():
            group.items[name] = found[number]
    return found[0]


def _dtype(kind: Any) -> np.dtype | None:
    if kind is None or kind == "text":
        return kind and np.dtype(object)
    return np.dtype([tuple(field) for field in kind] if isinstance(kind, list) else kind)
