"""Why two operands cannot be multiplied, and what to pass instead."""

from typing import NoReturn

import numpy as np

from xfblas import arrays
from xfblas.device.default_images import DATA_TYPES
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.errors import DtypeError, InvalidValueError
from xfblas.rows.row_source import require_unmasked

#: Element types of the packaged images.
DTYPES = tuple(DATA_TYPES)


def as_operand(name: str, value) -> np.ndarray:
    """``value`` as an array.

    Raises:
        InvalidValueError: it is none, such as a list of rows of different lengths, or a mask
            hides elements.
    """
    if isinstance(value, DeviceMatrix):
        raise InvalidValueError(
            f"{name} is a DeviceMatrix, expected an array: pass {name}.read(), or multiply on the "
            "device with ComputeUnit.gemm"
        )
    require_unmasked(name, value)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InvalidValueError(f"{name} cannot be read as an array: {error}") from None


def require_fitting(a, b) -> None:
    """Raises unless the last axis of ``a`` is as long as that of ``b`` which it meets.

    Raises:
        InvalidValueError: an operand is a number, or the lengths differ.
    """
    for name, array in (("a", a), ("b", b)):
        if not array.shape:
            raise InvalidValueError(
                f"{name} has 0 dimensions ({arrays.describe(array)}), expected 1 or more: multiply "
                "by a number with *"
            )
    rows = b.shape[-2] if len(b.shape) > 1 else b.shape[0]
    if a.shape[-1] != rows:
        unit = "elements" if len(b.shape) == 1 else "rows"
        raise InvalidValueError(
            f"a has shape {a.shape} and b {b.shape}: b needs {a.shape[-1]} {unit}, as a has columns"
        )


def raise_types(a, b, given_a, given_b, wanted) -> NoReturn:
    """Raises the DtypeError of two operands whose product no image computes.

    Args:
        a, b: arrays; b may be a :class:`~xfblas.DeviceMatrix`.
        given_a, given_b: what the caller passed for them.
        wanted: the element type of the device; None where it may be any of the packaged images'.
    """
    pair = f"a is {arrays.describe(a)}"
    pair += f" but b is {arrays.describe(b)}" if a.dtype != b.dtype else " and b is too"
    types = " or ".join(map(str, DTYPES if wanted is None else (wanted,)))
    odd = next((array for array in (a, b) if array.dtype.kind not in "biuf"), None)
    if odd is not None:
        is_complex = odd.dtype.kind == "c"
        advice = "multiply .real and .imag by themselves" if is_complex else "pass real numbers"
        raise DtypeError(f"{pair}, expected {types}: {advice}")
    target = wanted or _common_type(a, b)
    calls = [
        f"{name}.astype(np.{target})"
        if isinstance(given, np.ndarray)
        else f"np.array({name}, np.{target})"
        for name, array, given in (("a", a, given_a), ("b", b, given_b))
        if array.dtype != target
    ]
    advice = f"pass {' and '.join(calls)}"
    if wanted is None and target == np.float32 and a.dtype.kind == b.dtype.kind == "i":
        advice += ", or np.int16 for both, whose sums wrap at 16 bits"
    if wanted is None and np.float64 in (a.dtype, b.dtype):
        advice += ", or split=True, which computes float64 by exact slices of integers"
    raise DtypeError(f"{pair}, expected {types}: {advice}")


def _common_type(a, b) -> np.dtype:
    """The narrowest element type that holds both arrays' types; float32 where none does."""
    integers = (np.dtype(np.int8), np.dtype(np.int16))
    fitting = (t for t in integers if np.can_cast(a.dtype, t) and np.can_cast(b.dtype, t))
    return next(fitting, np.dtype(np.float32))
