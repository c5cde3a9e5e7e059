"""BLAS' names for products: gemm and gemv."""

import numbers
from typing import Any

import numpy as np

from xfblas.checks import require_truth, shown
from xfblas.device.device import Device
from xfblas.device.product_errors import as_operand
from xfblas.errors import DtypeError, InvalidValueError
from xfblas.offloading.fallbacks import is_wrapped
from xfblas.offloading.matmul import matmul


def gemm(
    alpha: Any,
    a: Any,
    b: Any,
    beta: Any = 0,
    c: Any = None,
    trans_a: bool = False,
    trans_b: bool = False,
    *,
    out: Any = None,
    device: Device | None = None,
    exact: bool = False,
    split: bool = False,
) -> Any:
    """``alpha * op(a) @ op(b) + beta * c``.

    Args:
        alpha, beta: numbers; whole ones where the product is of integers.
        a, b: arrays as for :func:`xfblas.matmul`, stacks too.
        c: array that broadcasts to the product; not read where beta is 0.
        trans_a, trans_b: whether op turns rows and columns of a matrix.
        out: array to fill; it may be c.
        device, exact, split: as for :func:`xfblas.matmul`.

    Returns:
        Array of the product's dtype, in which integers wrap; or ``out``.

    Raises:
        DtypeError: dtypes that cannot be multiplied, or a c that does not fit them.
        InvalidValueError: shapes or numbers that do not fit.
    """
    left = _turned("a", a, require_truth("trans_a", trans_a))
    right = _turned("b", b, require_truth("trans_b", trans_b))
    first, second = _number("alpha", alpha), _number("beta", beta)
    if second != 0 and c is None:
        raise InvalidValueError(f"beta is {shown(beta)} and c is None, expected an array")
    c = None if second == 0 else as_operand("c", c)
    options: dict[str, Any] = {"exact": exact, "split": split}
    chosen = {name: value for name, value in options.items() if value is not False}
    if first == 1 and c is None:
        return matmul(left, right, out, device=device, **chosen)
    product = np.asarray(matmul(left, right, device=device, **chosen))
    result = _times("alpha", first, product)
    if c is not None:
        if not np.can_cast(c.dtype, product.dtype, "same_kind"):
            raise DtypeError(f"c is {c.dtype}, expected {product.dtype} as the product is")
        addend = _times("beta", second, c.astype(product.dtype, copy=False))
        try:
            addend = np.broadcast_to(addend, result.shape)
        except ValueError:
            raise InvalidValueError(f"c has shape {c.shape}, expected {result.shape}") from None
        result = np.add(result, addend)
    if out is None:
        return result if result.shape else result[()]
    if not isinstance(out, np.ndarray) or not out.flags.writeable:
        raise InvalidValueError(f"out is {shown(out)}, expected a numpy array to write to")
    if out.shape != result.shape:
        raise InvalidValueError(f"out has shape {out.shape}, expected {result.shape}")
    if not np.can_cast(result.dtype, out.dtype, "same_kind"):
        raise DtypeError(f"out is {out.dtype}, expected {result.dtype}")
    out[...] = result
    return out


def gemv(
    alpha: Any,
    a: Any,
    x: Any,
    beta: Any = 0,
    y: Any = None,
    trans: bool = False,
    *,
    out: Any = None,
    device: Device | None = None,
    exact: bool = False,
    split: bool = False,
) -> Any:
    """``alpha * op(a) @ x + beta * y``; see :func:`gemm`.

    Args:
        alpha, beta: numbers.
        a: (m, n) array.
        x: (n,) array; (m,) with ``trans``.
        y: (m,) array; (n,) with ``trans``.
        trans: whether op turns rows and columns.
        out, device, exact, split: as for :func:`gemm`.

    Raises:
        DtypeError: dtypes that cannot be multiplied.
        InvalidValueError: shapes or numbers that do not fit.
    """
    if not is_wrapped(x):
        x = as_operand("x", x)
    dimensions = len(x.shape)
    if dimensions != 1:
        raise InvalidValueError(f"x has {dimensions} dimensions, expected 1")
    options: dict[str, Any] = {"out": out, "device": device, "exact": exact, "split": split}
    return gemm(alpha, a, x, beta, y, require_truth("trans", trans), **options)


def _turned(name: str, value: Any, is_turned: bool) -> Any:
    if not is_turned:
        return value
    array = value if is_wrapped(value) else as_operand(name, value)
    if array.ndim < 2:
        raise InvalidValueError(
            f"{name} has {array.ndim} dimensions, expected 2 or more to turn it (trans_{name})"
        )
    return array.swapaxes(-1, -2)


def _number(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise InvalidValueError(f"{name} is {shown(value)}, expected a number")
    return value


def _times(name: str, factor: Any, array: np.ndarray) -> np.ndarray:
    """In the array's type, which integers wrap in."""
    if array.dtype.kind == "f":
        return np.multiply(array, array.dtype.type(factor))
    limits = np.iinfo(array.dtype)
    if not limits.min <= factor <= limits.max or factor != int(factor):
        raise InvalidValueError(
            f"{name} is {shown(factor)}, expected a whole number that {array.dtype} holds"
        )
    return np.multiply(array, array.dtype.type(int(factor)))
