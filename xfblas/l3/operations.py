"""The L3 functions that queue operations, and what they check of their operands."""

from typing import Any

import numpy as np

from xfblas import arrays
from xfblas.checks import require_truth
from xfblas.device.binding import lib, require_index, require_integer
from xfblas.device.entries import as_entries, require_groups
from xfblas.device.epilogue_flags import BIAS_ROW, ROUND, SATURATE
from xfblas.errors import InvalidValueError
from xfblas.l3.session import Session, session


def gemmOp(
    A: np.ndarray, B: np.ndarray, C: np.ndarray, idxKernel: int = 0, idxDevice: int | str = 0
) -> bool:
    """Queues C = A*B + C (Gemm engine); integer sums wrap.

    Args:
        A, B, C: arrays (m, k), (k, n) and (m, n) of the image's element type that were sent.

    Raises:
        DtypeError: an array has another element type.
        InvalidValueError: the shapes do not fit.
        NotFoundError: an array was not sent, or was freed.
        NotSupportedError: the device has another engine.
        QueueFullError: the program has no room for another instruction.
    """
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    m, k, n = _product_sizes(found, A, B, C)
    a, b, c = (found.pointer(*named, idxKernel) for named in (("A", A), ("B", B), ("C", C)))
    unit.call(lib.xfblasGemm, m, n, k, 1, a, k, b, n, 1, c, n)
    return True


def gemvOp(
    A: np.ndarray, x: np.ndarray, y: np.ndarray, idxKernel: int = 0, idxDevice: int | str = 0
) -> bool:
    """Queues y = A*x + y (Gemv engine); integer sums wrap.

    Args:
        A, x, y: arrays (m, n), of n and of m elements, of the image's element type, that were sent.

    Raises:
        DtypeError, InvalidValueError, NotFoundError, NotSupportedError, QueueFullError: as for
            :func:`gemmOp`.
    """
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    for name, array in (("A", A), ("x", x), ("y", y)):
        arrays.require_array(name, array)
        arrays.require_dtype(name, array, found.device.dtype)
    arrays.require_dimensions("A", A, 2)
    m, n = A.shape
    for name, array, size in (("x", x, n), ("y", y, m)):
        if array.size != size:
            raise InvalidValueError(f"{name} has {array.size} elements, expected {size}")
    a, vector, result = (
        found.pointer(*named, idxKernel) for named in (("A", A), ("x", x), ("y", y))
    )
    unit.call(lib.xfblasGemv, m, n, 1, a, n, vector, 1, 1, result, 1)
    return True


def fcnOp(
    A: np.ndarray,
    B: np.ndarray,
    C: np.ndarray,
    X: np.ndarray,
    postScale: int = 1,
    postShift: int = 0,
    preluScale: int = 1,
    preluAlpha: int = 0,
    idxKernel: int = 0,
    idxDevice: int | str = 0,
) -> bool:
    """Queues C = pRelu(((A*B + X) * postScale) >> postShift) (Fcn engine).

    Args:
        A, B, C: arrays (m, k), (k, n) and (m, n) of the image's element type that were sent.
        X: (m, n), or one row of n values that is added to every row, of the addend type: int32 on
            integer images. On an image with XVEC=1 the rows of X are equal.
        postScale: 0 to 65535.
        postShift: 0 to 255.
        preluScale: -512 to 511; 1 is linear, 0 with a preluAlpha of 0 is ReLU.
        preluAlpha: 0 to 31.

    Raises:
        DtypeError, NotFoundError, NotSupportedError, QueueFullError: as for :func:`gemmOp`.
        InvalidValueError: the shapes do not fit, or a scale is out of range.
    """
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    m, k, n = _product_sizes(found, A, B, C)
    flags = _addend_flags(found, X, m, n)
    a, b, c, x = (
        found.pointer(*named, idxKernel) for named in (("A", A), ("B", B), ("C", C), ("X", X))
    )
    scales = _scales(postScale, postShift, preluScale, preluAlpha)
    unit.call(lib.xfblasFcn, m, n, k, 1, a, k, b, n, 1, c, n, x, n, *scales, flags)
    return True


def fcnTableOp(
    A: np.ndarray,
    B: np.ndarray,
    C: np.ndarray,
    X: np.ndarray,
    T: np.ndarray,
    postScale: int = 1,
    postShift: int = 0,
    groups: int = 1,
    round: bool = True,
    saturate: bool = True,
    idxKernel: int = 0,
    idxDevice: int | str = 0,
) -> bool:
    """Queues C = f(((A*B + X) * postScale) >> postShift) for any f, by a table (Fcn engine).

    Args:
        A, B, C, X, postScale, postShift: as for :func:`fcnOp`.
        T: int32, the 513 entries, which were sent: what f gives at :func:`xfblas.table_places`,
            times four, in 18 bits.
        groups: 1, 2 or 3: there are 2**groups groups of segments on either side of 0.
        round: whether half is added before the shift.
        saturate: whether f's argument is clamped to the element's range instead of wrapping.

    Raises:
        DtypeError, NotFoundError, NotSupportedError, QueueFullError: as for :func:`gemmOp`.
        InvalidValueError: the shapes do not fit, a scale is out of range, or an entry is.
    """
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    m, k, n = _product_sizes(found, A, B, C)
    flags = _addend_flags(found, X, m, n)
    flags |= ROUND * require_truth("round", round) | SATURATE * require_truth("saturate", saturate)
    arrays.require_array("T", T)
    arrays.require_dtype("T", T, np.dtype(np.int32))
    as_entries("T", T)
    named = (("A", A), ("B", B), ("C", C), ("X", X), ("T", T))
    a, b, c, x, t = (found.pointer(*pair, idxKernel) for pair in named)
    scales = _scales(postScale, postShift, 1, 0)[:2]
    product = (m, n, k, 1, a, k, b, n, 1, c, n, x, n, *scales)
    unit.call(lib.xfblasFcnTable, *product, t, require_groups(groups), flags)
    return True


def fcnOpByAddress(
    a: int,
    b: int,
    c: int,
    x: np.ndarray,
    A: np.ndarray,
    B: np.ndarray,
    C: np.ndarray,
    X: np.ndarray,
    postScale: int = 1,
    postShift: int = 0,
    preluScale: int = 1,
    preluAlpha: int = 0,
    idxKernel: int = 0,
    idxDevice: int | str = 0,
) -> bool:
    """Queues :func:`fcnOp` on operands at page offsets; the arrays give the shapes.

    Args:
        a, b, c, x: page offsets of the operands.
        A, B, C, X: arrays of the shapes and element types that :func:`fcnOp` takes, sent or not.
        postScale, postShift, preluScale, preluAlpha: as for :func:`fcnOp`.

    Raises:
        DtypeError, InvalidValueError, NotSupportedError, QueueFullError: as for :func:`fcnOp`.
    """
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    m, k, n = _product_sizes(found, A, B, C)
    flags = _addend_flags(found, X, m, n)
    offsets = [require_index(name, page) for name, page in (("a", a), ("b", b), ("c", c), ("x", x))]
    scales = _scales(postScale, postShift, preluScale, preluAlpha)
    unit.call(lib.xfblasFcnByAddress, *offsets, m, n, k, k, n, n, n, *scales, flags)
    return True


def _product_sizes(found: Session, A: np.ndarray, B: np.ndarray, C: np.ndarray) -> Any:
    for name, array in (("A", A), ("B", B), ("C", C)):
        arrays.require_array(name, array)
        arrays.require_dimensions(name, array, 2)
        arrays.require_dtype(name, array, found.device.dtype)
    (m, k), n = A.shape, B.shape[1]
    if B.shape[0] != k:
        raise InvalidValueError(f"B has shape {B.shape}, expected {k} rows as A has columns")
    arrays.require_shape("C", C, (m, n))
    return m, k, n


def _addend_flags(found: Session, X: np.ndarray, m: int, n: int) -> int:
    arrays.require_array("X", X)
    arrays.require_dtype("X", X, found.device.addend_dtype)
    if X.shape == (m, n):
        if found.device.x_is_row and not (X[0] == X).all():
            raise InvalidValueError(
                "X has rows that differ, but this image takes one row for all of C (XVEC=1)"
            )
        return 0
    if X.size == n and X.shape in ((n,), (1, n)):
        return BIAS_ROW
    raise InvalidValueError(f"X has shape {X.shape}, expected {(m, n)}, {(1, n)} or {(n,)}")


def _scales(*values: int) -> Any:
    names = ("postScale", "postShift", "preluScale", "preluAlpha")
    return [require_integer(name, value) for name, value in zip(names, values, strict=True)]
