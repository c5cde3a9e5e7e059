"""Why two operands cannot be multiplied, and what to pass instead."""

import numpy as np

from xfblas import arrays
from xfblas.device.default_images import DATA_TYPES
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.errors import DtypeError, InvalidValueError
from xfblas.rows.row_source import require_unmasked

#: Element types of the packaged images.
DTYPES = tuple(DATA_TYPES)
NEXT_STEPS = (
    "multiply by a number with *",
    "{verb} {name}[:, None] for a column, or {name}[None, :] for a row",
    "multiply matrices one by one, such as {loop}",
)
#: How to go through stacks of matrices, by which operands are some.
LOOPS = {
    (True, True): "[xfblas.matmul(x, y) for x, y in zip(a, b)]",
    (True, False): "[xfblas.matmul(x, b) for x in a]",
    (False, True): "[xfblas.matmul(a, y) for y in b]",
}


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


def require_product(a, b, given_a, given_b, wanted=None) -> None:
    """Raises unless two operands are matrices of one element type whose shapes fit.

    Args:
        a, b: arrays; b may be a :class:`~xfblas.DeviceMatrix`.
        given_a, given_b: what the caller passed for them.
        wanted: the element type of the device; None where it may be any of the packaged images'.

    Raises:
        InvalidValueError: not two matrices, or shapes do not fit; tells what to pass.
        DtypeError: their types are others; tells what to convert to.
    """
    loop = LOOPS.get((len(a.shape) > 2, len(b.shape) > 2))
    for name, array in (("a", a), ("b", b)):
        _require_matrix(name, array, loop)
    if wanted is None and isinstance(b, DeviceMatrix):
        wanted = b.dtype
    if a.dtype != b.dtype or a.dtype not in ((wanted,) if wanted is not None else DTYPES):
        _raise_types(a, b, given_a, given_b, wanted)
    if a.shape[1] != b.shape[0]:
        raise InvalidValueError(
            f"a has shape {a.shape} and b {b.shape}: b needs {a.shape[1]} rows, as a has columns"
        )


def _require_matrix(name, array, loop):
    dimensions = len(array.shape)
    if dimensions == 2:
        return
    verb = "send" if isinstance(array, DeviceMatrix) else "pass"
    raise InvalidValueError(
        f"{name} has {dimensions} dimensions ({arrays.describe(array)}), expected 2: "
        + NEXT_STEPS[min(dimensions, 2)].format(verb=verb, name=name, loop=loop)
    )


def _raise_types(a, b, given_a, given_b, wanted):
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
    raise DtypeError(f"{pair}, expected {types}: {advice}")


def _common_type(a, b) -> np.dtype:
    """The narrowest element type that holds both arrays' types; float32 where none does."""
    integers = (np.dtype(np.int8), np.dtype(np.int16))
    fitting = (t for t in integers if np.can_cast(a.dtype, t) and np.can_cast(b.dtype, t))
    return next(fitting, np.dtype(np.float32))
