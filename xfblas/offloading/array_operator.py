"""The operator ``@`` of plain numpy arrays, handed to a function of Python while it is asked for.

numpy has no way in: arrays are a type of C whose operator is a slot. A class of Python has a
function of CPython in that slot, which looks for ``__matmul__`` by name; while the hook is on, so
have arrays, and the name leads to the given function. Errors go through it as through any method.
"""

import ctypes
import gc
import platform
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from xfblas.errors import NotSupportedError

NAME = "__matmul__"
#: Bytes before ``tp_as_number`` in a type, and the place of ``nb_matrix_multiply`` behind it.
NUMBERS_OFFSET, MULTIPLY_PLACE = 96, 34
POINTER = ctypes.sizeof(ctypes.c_void_p)


class _Multiplied:
    def __matmul__(self, other: Any) -> Any:
        return NotImplemented


class _AlsoMultiplied:
    def __matmul__(self, other: Any) -> Any:
        return NotImplemented


class _Plain:
    def __add__(self, other: Any) -> Any:
        return NotImplemented


def original() -> Callable[[Any, Any], Any]:
    """numpy's own operator."""
    return _ORIGINAL


_ORIGINAL: Callable[[Any, Any], Any] = np.ndarray.__matmul__
_saved: list[int] = []


def hook(function: Callable[[Any, Any], Any]) -> None:
    """Has ``a @ b`` of arrays call ``function(a, b)``.

    Raises:
        NotSupportedError: this Python lays out its types in another way.
    """
    slot, by_name = _slot(np.ndarray), _slot_by_name()
    _saved.append(slot.value or 0)
    _names()[NAME] = function
    slot.value = by_name
    _forget_lookups()


def unhook() -> None:
    """The reverse of :func:`hook`."""
    _slot(np.ndarray).value = _saved.pop()
    _names()[NAME] = _ORIGINAL
    _forget_lookups()


def _slot(kind: type) -> ctypes.c_void_p:
    numbers = ctypes.c_void_p.from_address(id(kind) + NUMBERS_OFFSET).value
    if not numbers:
        return ctypes.c_void_p()
    return ctypes.c_void_p.from_address(numbers + MULTIPLY_PLACE * POINTER)


def _slot_by_name() -> int:
    """CPython's function that looks for the name, found where it must be and nowhere else."""
    is_known = (
        platform.python_implementation() == "CPython"
        and POINTER == 8
        and object.__basicsize__ == 16
        and getattr(sys, "_is_gil_enabled", lambda: True)()
    )
    if is_known:
        found = _slot(_Multiplied).value
        others = _slot(_Plain).value, _slot(object).value
        if found and found == _slot(_AlsoMultiplied).value and others == (None, None):
            return found
    raise NotSupportedError(
        "the operator @ of numpy arrays cannot be taken over on this Python: wrap arrays by "
        "xfblas.asarray instead"
    )


def _names() -> dict[str, Any]:
    # What is behind the read-only view of a type's names.
    (names,) = gc.get_referents(np.ndarray.__dict__)
    return names  # type: ignore[no-any-return]


def _forget_lookups() -> None:
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(np.ndarray))
