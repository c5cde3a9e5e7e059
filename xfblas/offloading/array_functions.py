"""numpy's functions that are products, on wrapped arrays: which product each of them is."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from xfblas.device.product_errors import DTYPES
from xfblas.offloading.fallbacks import NotAProduct, as_host, is_wrapped
from xfblas.offloading.general_product import general_product
from xfblas.offloading.statistics import count_product

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def product(like: Any, name: str, a: Any, b: Any, out: Any = None, **options: Any) -> Any:
    """numpy.matmul of two operands of which one is wrapped, on the engine.

    Raises:
        NotAProduct: no image has the type that numpy computes with.
    """
    left, right = as_host(a), as_host(b)
    wanted = options.pop("dtype", None)
    try:
        common = np.result_type(left.dtype, right.dtype) if wanted is None else np.dtype(wanted)
    except TypeError:
        raise NotAProduct from None
    if like._split and common in FLOATS:
        # numpy has infinities and what is no number, and slices of integers have not.
        if not (np.isfinite(left).all() and np.isfinite(right).all()):
            raise NotAProduct
        options["split"] = True
    elif common not in DTYPES:
        raise NotAProduct
    elif (
        is_wrapped(b)
        and right.ndim == 2
        and right.size
        and right.dtype == common
        and "axes" not in options
        and left.ndim > 1
    ):
        right = b._right()
    result = general_product(left, right, out, None, {**options, "dtype": common})
    count_product(name)
    return result if out is not None else like._like(result)


def _with_out(out: Any) -> Any:
    return out[0] if isinstance(out, tuple) and len(out) == 1 else out


def matmul(
    like: Any, a: Any, b: Any, /, out: Any = None, *, subok: bool = True, **options: Any
) -> Any:
    """numpy.matmul."""
    _require_known(options, "casting", "order", "dtype", "axes")
    return product(like, "matmul", a, b, _with_out(out), **options)


def vecdot(like: Any, a: Any, b: Any, /, out: Any = None, *, axis: int = -1, **options: Any) -> Any:
    """numpy.vecdot of real numbers: each vector by its own."""
    _require_known(options, "casting", "order", "dtype")
    left, right = np.moveaxis(as_host(a), axis, -1), np.moveaxis(as_host(b), axis, -1)
    if left.shape[-1] != right.shape[-1]:
        raise NotAProduct  # numpy says why
    return _of_vectors(like, "vecdot", left[..., None, :], right[..., None], (-1, -2), out, options)


def matvec(like: Any, a: Any, x: Any, /, out: Any = None, **options: Any) -> Any:
    """numpy.matvec."""
    _require_known(options, "casting", "order", "dtype")
    matrix = as_host(a)
    if matrix.ndim < 2:
        raise NotAProduct
    return _of_vectors(like, "matvec", matrix, as_host(x)[..., None], (-1,), out, options)


def vecmat(like: Any, x: Any, a: Any, /, out: Any = None, **options: Any) -> Any:
    """numpy.vecmat of real numbers."""
    _require_known(options, "casting", "order", "dtype")
    matrix = as_host(a)
    if matrix.ndim < 2:
        raise NotAProduct
    return _of_vectors(like, "vecmat", as_host(x)[..., None, :], matrix, (-2,), out, options)


def _of_vectors(like: Any, name: str, a: Any, b: Any, axes: Any, out: Any, options: Any) -> Any:
    given = _with_out(out)
    target = None if given is None else np.expand_dims(given, axes)
    found = product(like, name, a, b, target, **options)
    if given is not None:
        return given
    result = np.squeeze(as_host(found), axes)
    return like._like(result) if result.shape else result[()]


def dot(like: Any, a: Any, b: Any, out: Any = None) -> Any:
    """numpy.dot: over a's last axis and b's last but one."""
    left, right = as_host(a), as_host(b)
    if not left.ndim or not right.ndim:
        raise NotAProduct
    if right.ndim <= 2:
        shape = left.shape[:-1] + right.shape[1:]
        found = product(like, "dot", a, b, _dot_result(like, out, left, right, shape))
    else:
        shape = left.shape[:-1] + right.shape[:-2] + right.shape[-1:]
        target = _dot_result(like, out, left, right, shape)
        turned = np.moveaxis(right, -2, 0)
        found = _flat(like, "dot", left, turned, 1, shape)
        if target is not None:
            target[...] = as_host(found)
    return found if out is None else out


def _dot_result(like: Any, out: Any, a: Any, b: Any, shape: Any) -> Any:
    """``out`` as numpy.dot takes it, which converts and broadcasts nothing."""
    if out is not None and not (
        type(out) is np.ndarray
        and out.shape == shape
        and out.dtype == np.result_type(a, b)
        and out.flags.carray
    ):
        raise NotAProduct
    return out


def _flat(like: Any, name: str, a: Any, b: Any, axes: int, shape: Any) -> Any:
    """Over the last ``axes`` axes of a and the first of b, as one product of matrices."""
    k = math.prod(b.shape[:axes])
    if a.shape[a.ndim - axes :] != b.shape[:axes]:
        raise NotAProduct
    rows, columns = math.prod(a.shape[: a.ndim - axes]), math.prod(b.shape[axes:])
    found = product(like, name, a.reshape(rows, k), b.reshape(k, columns))
    result = as_host(found).reshape(shape)
    return like._like(result) if result.shape else result[()]


def inner(like: Any, a: Any, b: Any, /) -> Any:
    """numpy.inner: over the last axis of both."""
    left, right = as_host(a), as_host(b)
    if not left.ndim or not right.ndim:
        raise NotAProduct
    shape = left.shape[:-1] + right.shape[:-1]
    return _flat(like, "inner", left, np.moveaxis(right, -1, 0), 1, shape)


def vdot(like: Any, a: Any, b: Any, /) -> Any:
    """numpy.vdot of real numbers."""
    left, right = as_host(a).ravel(), as_host(b).ravel()
    return _flat(like, "vdot", left, right, 1, ())


def tensordot(like: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """numpy.tensordot."""
    left, right = as_host(a), as_host(b)
    try:
        first, second = axes
    except TypeError:
        first, second = range(-axes, 0), range(axes)
    first, second = (
        [int(axis) % array.ndim for axis in ([each] if np.ndim(each) == 0 else each)]
        if array.ndim
        else []
        for each, array in ((first, left), (second, right))
    )
    if not left.ndim or not right.ndim or len(first) != len(second):
        raise NotAProduct
    if len({*first}) < len(first) or len({*second}) < len(second):
        raise NotAProduct
    kept = [axis for axis in range(left.ndim) if axis not in first]
    others = [axis for axis in range(right.ndim) if axis not in second]
    shape = [left.shape[axis] for axis in kept] + [right.shape[axis] for axis in others]
    turned = left.transpose(kept + first), right.transpose(second + others)
    return _flat(like, "tensordot", *turned, len(first), shape)


def einsum(like: Any, *operands: Any, out: Any = None, **options: Any) -> Any:
    """numpy.einsum of two operands, where it is a product of matrices or of stacks of them."""
    _require_known(options, "optimize")
    if len(operands) != 3 or not isinstance(operands[0], str) or out is not None:
        raise NotAProduct
    text, a, b = operands
    inputs, arrow, result = text.replace(" ", "").partition("->")
    first, _, second = inputs.partition(",")
    letters = first + second
    if not letters.isalpha() or not (result.isalpha() or not result):
        raise NotAProduct
    if not arrow:
        result = "".join(sorted(each for each in letters if letters.count(each) == 1))
    left, right = as_host(a), as_host(b)
    terms = ((first, left), (second, right))
    if any(len({*each}) < len(each) for each in (first, second, result)) or any(
        len(each) != array.ndim for each, array in terms
    ):
        raise NotAProduct
    stack = [each for each in first if each in second and each in result]
    summed = [each for each in first if each in second and each not in result]
    rows = [each for each in first if each not in second]
    columns = [each for each in second if each not in first]
    if not summed or {*stack, *rows, *columns} != {*result}:
        raise NotAProduct
    sizes = dict(zip(first, left.shape, strict=True))
    for each, size in zip(second, right.shape, strict=True):
        if sizes.setdefault(each, size) != size:
            raise NotAProduct  # one of them broadcasts, or does not fit
    k, m, n = (math.prod(sizes[each] for each in part) for part in (summed, rows, columns))
    outer = [sizes[each] for each in stack]
    turned = left.transpose([first.index(each) for each in stack + rows + summed])
    other = right.transpose([second.index(each) for each in stack + summed + columns])
    found = product(like, "einsum", turned.reshape(*outer, m, k), other.reshape(*outer, k, n))
    order = stack + rows + columns
    spread = as_host(found).reshape([sizes[each] for each in order])
    spread = spread.transpose([order.index(each) for each in result])
    return like._like(spread) if spread.shape else spread[()]


def multi_dot(like: Any, arrays: Any, *, out: Any = None) -> Any:
    """numpy.linalg.multi_dot: in the order that multiplies least."""
    shapes = [np.shape(as_host(each)) for each in arrays]
    if len(shapes) < 2:
        raise NotAProduct
    ends = [1 if len(each) == 1 and not index else each[0] for index, each in enumerate(shapes)]
    if any(len(each) != 2 for each in shapes[1:-1]) or not all(
        len(each) in (1, 2) for each in (shapes[0], shapes[-1])
    ):
        raise NotAProduct
    ends.append(1 if len(shapes[-1]) == 1 else shapes[-1][-1])
    splits = _cheapest_splits(ends)

    def chain(start: int, end: int) -> Any:
        if start == end:
            return arrays[start]
        middle = splits[start, end]
        return dot(like, chain(start, middle), chain(middle + 1, end))

    middle = splits[0, len(shapes) - 1]
    return dot(like, chain(0, middle), chain(middle + 1, len(shapes) - 1), out)


def _cheapest_splits(ends: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut each part of a chain whose matrices are ends[i] x ends[i + 1]."""
    count = len(ends) - 1
    cost: dict[tuple[int, int], int] = {(i, i): 0 for i in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for start in range(count - length):
            end = start + length
            costs = {
                cut: cost[start, cut]
                + cost[cut + 1, end]
                + ends[start] * ends[cut + 1] * ends[end + 1]
                for cut in range(start, end)
            }
            splits[start, end] = min(costs, key=lambda cut: costs[cut])
            cost[start, end] = costs[splits[start, end]]
    return splits


def linalg_vecdot(like: Any, a: Any, b: Any, /, *, axis: int = -1) -> Any:
    """numpy.linalg.vecdot."""
    return vecdot(like, a, b, axis=axis)


def linalg_matmul(like: Any, a: Any, b: Any, /) -> Any:
    """numpy.linalg.matmul."""
    return matmul(like, a, b)


def linalg_tensordot(like: Any, a: Any, b: Any, /, *, axes: Any = 2) -> Any:
    """numpy.linalg.tensordot."""
    return tensordot(like, a, b, axes)


def _require_known(options: dict[str, Any], *names: str) -> None:
    if options.keys() - {*names}:
        raise NotAProduct


#: By the names of numpy's ufuncs, some of which its older versions have not.
UFUNCS: dict[str, Callable[..., Any]] = {
    "matmul": matmul,
    "vecdot": vecdot,
    "matvec": matvec,
    "vecmat": vecmat,
}
#: By numpy's functions.
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.dot: dot,
    np.inner: inner,
    np.vdot: vdot,
    np.tensordot: tensordot,
    np.einsum: einsum,
    np.linalg.multi_dot: multi_dot,
}
for _name, _call in (
    ("vecdot", linalg_vecdot),
    ("matmul", linalg_matmul),
    ("tensordot", linalg_tensordot),
):
    if hasattr(np.linalg, _name):
        FUNCTIONS[getattr(np.linalg, _name)] = _call
