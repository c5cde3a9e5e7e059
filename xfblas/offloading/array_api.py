"""The array API standard on wrapped arrays: its products here, all else numpy's own."""

from typing import Any

import numpy as np

from xfblas.checks import shown
from xfblas.errors import InvalidValueError
from xfblas.offloading import array_functions
from xfblas.offloading.device_array import DeviceArray, asarray
from xfblas.offloading.fallbacks import first_wrapped, or_numpy

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")
__array_api_version__ = VERSIONS[-1]


def namespace(api_version: str | None = None) -> Any:
    """This module, where it knows the version that is asked for."""
    import sys

    if api_version is not None and api_version not in VERSIONS:
        raise InvalidValueError(
            f"api_version is {shown(api_version)}, expected one of {', '.join(VERSIONS)}"
        )
    return sys.modules[__name__]


def matmul(x1: Any, x2: Any, /) -> Any:
    """The product of matrices, vectors or stacks."""
    return np.matmul(*_one_wrapped(x1, x2))


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """Over ``axes`` axes of both."""
    return np.tensordot(*_one_wrapped(x1, x2), axes=axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Of vectors along an axis that is -1 or before, each by its own."""
    x1, x2 = _one_wrapped(x1, x2)
    # numpy has it since 2.0.
    by_numpy = getattr(np, "vecdot", None)
    like = first_wrapped((x1, x2))
    return or_numpy(like, array_functions.vecdot, by_numpy, (x1, x2), {"axis": axis})


def matrix_transpose(x: Any, /) -> Any:
    """The matrices of a stack turned."""
    return np.swapaxes(x, -1, -2)


def from_dlpack(x: Any, /, **options: Any) -> DeviceArray:
    """An array of another library."""
    return asarray(np.from_dlpack(x, **options))


def _one_wrapped(x1: Any, x2: Any) -> tuple[Any, Any]:
    if isinstance(x1, DeviceArray) or isinstance(x2, DeviceArray):
        return x1, x2
    return asarray(x1), x2


def __getattr__(name: str) -> Any:
    if name.startswith("_") or not hasattr(np, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(np, name)


__all__ = [
    "DeviceArray",
    "asarray",
    "from_dlpack",
    "matmul",
    "matrix_transpose",
    "tensordot",
    "vecdot",
]
