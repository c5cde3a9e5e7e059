"""Groups and arrays of a file, with the few methods of h5py's that readers need."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


class Dataset:
    """An array or a text.

    Attributes:
        name: the way to it in the file.
        shape, dtype: of the array; a dtype of None is one that is no numbers or text.
        attrs: its attributes by name.
    """

    def __init__(self, name: str, shape: tuple[int, ...], dtype: Any, attrs: dict, read: Callable):
        self.name, self.shape, self.dtype, self.attrs = name, shape, dtype, attrs
        self._read = read
        self._values: Any = None

    def __getitem__(self, key: tuple[()]) -> Any:
        # Kept: a small file may name the same large array a million times.
        if self._values is None:
            self._values = self._read()
        return self._values[key] if isinstance(self._values, np.ndarray) else self._values


class Group:
    """A group: other groups and arrays by name.

    Attributes:
        name: the way to it in the file.
        attrs: its attributes by name.
    """

    def __init__(self, name: str, attrs: dict):
        self.name, self.attrs = name, attrs
        self.items: dict[str, Group | Dataset] = {}

    def __getitem__(self, path: str) -> Any:
        found: Any = self
        for part in path.strip("/").split("/"):
            if not isinstance(found, Group) or part not in found.items:
                raise KeyError(f"{self.name} has no {path!r}")
            found = found.items[part]
        return found

    def get(self, path: str, default: Any = None) -> Any:
        """What is there of this name, else the default."""
        try:
            return self[path]
        except KeyError:
            return default

    def __contains__(self, path: str) -> bool:
        return self.get(path) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def visititems(self, visit: Callable[[str, Any], Any]) -> None:
        """Calls ``visit(path, item)`` for everything below, each thing once."""
        seen, waiting = {id(self)}, [("", self)]
        while waiting:
            way, group = waiting.pop()
            for name, item in group.items.items():
                if id(item) in seen:
                    continue
                seen.add(id(item))
                visit(way + name, item)
                if isinstance(item, Group):
                    waiting.append((f"{way}{name}/", item))
