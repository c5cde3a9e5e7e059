"""What an HDF5 file holds, found by h5py: described as JSON can hold it, checked before it is read.

Runs in the child process, and for trusted files in the caller's.
"""

import io
import zipfile
from typing import Any

import h5py
import numpy as np

from xfblas.hdf5.values import plain_value


class RefusedFileError(ValueError):
    """The file refers to others, or asks for more memory than one of its size should."""


class Contents:
    """An open file.

    Args:
        path: of the file.
        member: its name where the HDF5 file is within a zip file.
        most_bytes: what the arrays may take in memory; None for no limit.

    Attributes:
        nodes: of each object its ``name``, ``attrs``, and for a group its ``items``, numbers of
            other nodes by name; for an array its ``shape`` and ``dtype``. The root is the first.

    Raises:
        RefusedFileError: links, storage or virtual arrays lead to other files, or the arrays are
            too large.
    """

    def __init__(self, path: str, member: str | None = None, most_bytes: int | None = None):
        self._most_bytes = most_bytes
        self._file = h5py.File(path if member is None else self._member(path, member), "r")
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self.nodes: list[dict[str, Any]] = []
        self._walk()
        self._require_size(sum(o.nbytes for o in self._objects if isinstance(o, h5py.Dataset)))
        # Only now is anything read, and soft links followed: none of them can lead outside.
        for item, node in zip(self._objects, self.nodes, strict=True):
            node["attrs"] = _attributes(item)
            for name in node.pop("soft", ()):
                target = item.get(name)
                if isinstance(target, (h5py.Group, h5py.Dataset)):
                    node["items"][name] = self._numbers[_address(target)]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def read(self, number: int) -> Any:
        """The values of an array, or its text or texts; by the node's number."""
        dataset = self._objects[number]
        return dataset[()] if h5py.check_string_dtype(dataset.dtype) else np.asarray(dataset[()])

    def _member(self, path: str, member: str) -> io.BytesIO:
        with zipfile.ZipFile(path) as archive:
            self._require_size(archive.getinfo(member).file_size)
            return io.BytesIO(archive.read(member))

    def _require_size(self, size: int) -> None:
        if self._most_bytes is not None and size > self._most_bytes:
            raise RefusedFileError(
                f"it asks for {size:,} bytes of memory, expected up to {self._most_bytes:,} of a "
                "file of its size: trusted=True reads it all the same"
            )

    def _walk(self) -> None:
        self._add(self._file)
        for item, node in zip(self._objects, self.nodes, strict=False):
            for name in item if isinstance(item, h5py.Group) else ():
                link = item.get(name, getlink=True)
                if isinstance(link, h5py.SoftLink):
                    node["soft"].append(name)
                elif isinstance(link, h5py.HardLink):
                    target = item[name]
                    if isinstance(target, (h5py.Group, h5py.Dataset)):
                        node["items"][name] = self._add(target)
                else:
                    _refuse(f"{item.name}/{name}".replace("//", "/"), "a link")

    def _add(self, item: Any) -> int:
        address = _address(item)
        if address in self._numbers:
            return self._numbers[address]
        self._numbers[address] = len(self._objects)
        self._objects.append(item)
        node: dict[str, Any] = {"name": item.name}
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                _refuse(item.name, "external storage" if item.external else "a virtual dataset")
            node |= {"shape": list(item.shape or ()), "dtype": _kind_of(item.dtype)}
        else:
            node |= {"items": {}, "soft": []}
        self.nodes.append(node)
        return self._numbers[address]


def _refuse(name: str, what: str) -> None:
    raise RefusedFileError(
        f"{name} is {what}, which refers to another file: expected a file that holds all its data"
    )


def _kind_of(dtype: np.dtype) -> Any:
    """The type as JSON holds it, 'text', or None for what has no place in a file of weights."""
    if dtype.hasobject and h5py.check_string_dtype(dtype) is not None:
        return "text"
    if dtype.names is None:
        return None if dtype.hasobject else dtype.str
    return dtype.descr if all(part[0].isbuiltin for part in dtype.fields.values()) else None


def _address(item: Any) -> int:
    return h5py.h5o.get_info(item.id).addr


def _attributes(item: Any) -> dict[str, Any]:
    """The attributes that are numbers or words."""
    found = {}
    for name in item.attrs:
        try:
            value = item.attrs[name]
        except TypeError:
            continue  # of a type that h5py does not know
        if isinstance(value, (str, bytes, np.ndarray, np.generic)):
            plain = plain_value(value)
            if plain is not None:
                found[name] = plain
    return found
