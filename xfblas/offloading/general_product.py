"""Products by numpy's rules for any operands: stacks, vectors, axes, results to fill."""

from typing import Any

import numpy as np

from xfblas.checks import require_names, shown
from xfblas.device.device import Device
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.device.product_errors import as_operand, require_fitting
from xfblas.errors import AllocationError, DtypeError, InvalidValueError
from xfblas.offloading import core_axes as cores
from xfblas.offloading.fallbacks import first_wrapped, host_of
from xfblas.offloading.product_kinds import ProductKind, product_kind, require_casting
from xfblas.offloading.stored_arrays import is_read_only, is_stored
from xfblas.offloading.tiles import takes_tiles, tiled_product
from xfblas.rows.result_array import empty_result

OPTIONS = (
    *("dtype", "casting", "order", "axes", "exact", "split", "scale", "bias", "activation"),
    *("round", "saturate", "memory", "progress"),
)
ORDERS = ("C", "F", "A", "K")


def general_product(
    a: Any, b: Any, out: Any, device: Device | None, options: dict[str, Any] | Any
) -> Any:
    """:func:`xfblas.matmul` of whatever it takes."""
    require_names("matmul", options, OPTIONS)
    wrapped = first_wrapped((a, b))
    if wrapped is not None:
        result = general_product(*host_of((a, b)), out, device, options)
        return result if out is not None else wrapped._like(result)
    given = a, b
    a = a if is_stored(a) else as_operand("a", a)
    if not isinstance(b, DeviceMatrix):
        b = b if is_stored(b) else as_operand("b", b)
    elif device is not None and b.compute_unit not in device.compute_units:
        raise InvalidValueError("b is on another device than the one that was given")
    else:
        device = b.compute_unit.device
    casting = require_casting(options.get("casting", "same_kind"))
    order = options.get("order", "K")
    if not isinstance(order, str) or order not in ORDERS:
        raise InvalidValueError(f"order is {shown(order)}, expected {', '.join(ORDERS)}")
    axes = options.get("axes")
    if axes is None:
        require_fitting(a, b)
    kind = product_kind(a, b, given, device, options)
    if options.get("dtype") is not None:
        for name, array, target in zip("ab", (a, b), kind.operands, strict=True):
            if not np.can_cast(array.dtype, target, casting):
                raise DtypeError(
                    f"Cannot cast ufunc 'matmul' input {name} from {array.dtype} to {target} with "
                    f"casting rule {casting!r}: pass {name}.astype(np.{target})"
                )
    if isinstance(out, tuple):
        if len(out) != 1:
            raise InvalidValueError(f"out has {len(out)} arrays, expected 1")
        out = out[0]
    _require_result(out, kind, casting)
    try:
        if axes is None and takes_tiles(kind, a, b, out, device, options):
            return tiled_product(kind, a, b, out, device, options)
        return _product(kind, a, b, out, device, axes, order)
    except AllocationError:
        raise
    except MemoryError as error:  # of numpy, where it copies what lies in another way
        raise AllocationError(f"a product of {a.shape} by {b.shape} has no room: {error}") from None


def _require_result(out: Any, kind: ProductKind, casting: str) -> None:
    if out is None:
        return
    if not (isinstance(out, np.ndarray) or is_stored(out)):
        raise InvalidValueError(f"out is a {type(out).__name__}, expected a numpy array")
    if not np.can_cast(kind.result, out.dtype, casting):
        raise DtypeError(
            f"Cannot cast ufunc 'matmul' output from {kind.result} to out's {out.dtype} with "
            f"casting rule {casting!r}: pass an out of {kind.result}"
        )
    is_own = isinstance(out, np.ndarray)
    if not out.flags.writeable if is_own else is_read_only(out):
        remedy = "" if is_own else ": open its file to write, such as by mode 'r+'"
        raise InvalidValueError(
            f"out ({out.dtype} {out.shape}) is read-only, results go into it{remedy}"
        )


def _product(
    kind: ProductKind, a: Any, b: Any, out: Any, device: Device | None, axes: Any, order: str
) -> Any:
    a = np.asarray(a)
    is_sent = isinstance(b, DeviceMatrix)
    b = b if is_sent else np.asarray(b)
    if not a.shape or not b.shape:
        require_fitting(a, b)
    places = cores.core_axes(axes, (len(a.shape), len(b.shape)))
    a = cores.with_core_last("a", a, places[0])
    if axes is not None and is_sent:
        raise InvalidValueError("axes is given, expected None where b is a DeviceMatrix")
    b = b if is_sent else cores.with_core_last("b", b, places[1])
    require_fitting(a, b)
    core = (*a.shape[-2:-1], *(b.shape[-1:] if len(b.shape) > 1 else ()))
    stack = cores.broadcast_stacks(a.shape[:-2], b.shape[:-2], (a.shape, b.shape))
    target = None
    if out is not None:
        target = cores.with_core_last("out", np.asarray(out), places[2]) if core else out
        wide = cores.require_result_stack(target, stack, core)
        if 0 in stack and wide != stack:
            raise InvalidValueError(
                f"out has shape {out.shape}, expected {(*stack, *core)}: it is non-broadcastable"
            )
    m, n = a.shape[-2] if a.ndim > 1 else 1, b.shape[-1] if len(b.shape) > 1 else 1
    left = a if a.ndim > 1 else a[None]
    right = b if len(b.shape) > 1 else b[:, None]
    found = _stack_of_products(kind, left, right, stack, (m, n), device)
    found = found.reshape((*stack, *core))
    if target is not None:
        target[...] = found
        return out
    found = cores.with_core_back(found, places[2]) if core else found
    if order == "F" or (order == "A" and a.flags.fnc and not is_sent and b.flags.fnc):
        found = np.asfortranarray(found)
    return found if found.shape else found[()]


def _stack_of_products(
    kind: ProductKind, a: Any, b: Any, stack: Any, core: tuple[int, int], device: Any
) -> np.ndarray:
    m, n = core
    k = a.shape[-1]
    opened = kind.device(device)
    unit = b.compute_unit if isinstance(b, DeviceMatrix) else opened.compute_units[0]
    a = a.astype(kind.operands[0], copy=False)
    if not isinstance(b, DeviceMatrix):
        b = b.astype(kind.operands[1], copy=False)
    if not m or not n or 0 in stack or (not k and kind.adds):
        return np.zeros((*stack, m, n), kind.result)
    if not stack:
        return kind.compute(unit, a, b)
    if len(b.shape) == 2 and kind.adds:
        # A stack by one matrix is one product of all its rows.
        return kind.compute(unit, a.reshape(-1, k), b).reshape(*stack, m, n)
    left = np.broadcast_to(a, (*stack, m, k))
    right = None if len(b.shape) == 2 else np.broadcast_to(b, (*stack, k, n))
    result = empty_result((*stack, m, n), kind.result)
    for index in np.ndindex(*stack):
        result[index] = kind.compute(unit, left[index], b if right is None else right[index])
    return result
