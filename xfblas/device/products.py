"""Matrix products of plain numpy arrays, on a default device that opens by itself."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from xfblas import arrays, forks
from xfblas.arrays import element_type
from xfblas.checks import shown
from xfblas.device.binding import INT_MAX
from xfblas.device.device import Device
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.device.product_errors import DTYPES, as_operand, require_product
from xfblas.errors import InvalidValueError
from xfblas.rows.result_array import empty_result

_devices: dict[np.dtype, Device] = {}
_lock = forks.lock()


def default_device(dtype: DTypeLike) -> Device:
    """The Gemm device for an element type that :func:`matmul` uses, opened at its first use."""
    dtype = element_type("dtype", dtype, *DTYPES)
    device = _devices.get(dtype)
    if device is None or device.closed:
        with _lock:
            device = _devices.get(dtype)
            if device is None or device.closed:
                device = _devices[dtype] = Device(engine="Gemm", dtype=dtype)
    return device


def matmul(a: Any, b: Any, *, out: Any = None, device: Device | None = None) -> np.ndarray:
    """The product of two matrices, as ``a @ b`` of numpy gives it.

    Args:
        a: (m, k) array of int16, int8 or float32, any layout.
        b: (k, n) array of the same dtype; or a :class:`~xfblas.DeviceMatrix`, which saves preparing
            a matrix that is used more than once, such as weights.
        out: C-contiguous array (m, n) of the same dtype to fill; a new one by default. It may be
            one of the operands, which costs a copy.
        device: a device of the Gemm or Fcn engine; by default that of ``b``, or the packaged image
            on the default target.

    Returns:
        (m, n) array of the same dtype, which is ``out`` where that was given. Integers wrap as
        numpy's do; float32 sums may be added up in another order.

    Raises:
        DtypeError: the dtypes differ or are not among those above; tells what to convert to.
        InvalidValueError: not two matrices whose shapes fit; tells what to pass for vectors.
    """
    given_a, given_b = a, b
    if device is not None and not isinstance(device, Device):
        raise InvalidValueError(f"device is {shown(device)}, expected a Device")
    # A product of 64 x 64 takes as long as twenty such questions, so the usual answers come first.
    if type(a) is not np.ndarray:
        a = as_operand("a", a)
    is_sent = type(b) is DeviceMatrix
    if not is_sent and type(b) is not np.ndarray:
        b = as_operand("b", b)
    dtype = a.dtype
    try:
        (m, k), (rows, n) = a.shape, b.shape
        fits = k == rows and (b.dtype is dtype or b.dtype == dtype)
    except ValueError:
        fits = False
    if not fits:
        require_product(a, b, given_a, given_b, device and device.dtype)
    if is_sent:
        unit = b.compute_unit
        if device is not None and unit.device is not device:
            raise InvalidValueError("b is on another device than the one that was given")
    else:
        known = _devices.get(dtype) if device is None else None
        if known is None or known.closed:
            if dtype not in DTYPES if device is None else dtype != device.dtype:
                require_product(a, b, given_a, given_b, device and device.dtype)
            known = device or default_device(dtype)
        unit = known.compute_units[0]
    if out is None:
        out = empty_result((m, n), dtype)
    elif not (
        type(out) is np.ndarray
        and (out.dtype is dtype or out.dtype == dtype)
        and out.shape == (m, n)
        and out.flags.carray
        # Arrays that own their elements share none.
        and out.base is None
        and a.base is None
        and out is not a
        and (is_sent or (b.base is None and out is not b))
    ):
        _require_result(out, (m, n), dtype)
        if not out.flags.aligned or _share_memory(out, a, b):
            out[...] = matmul(a, b, device=device)
            return out
    if m and k and n:
        try:
            unit._multiply(a, b, out, m, k, n)
        except OverflowError:
            raise InvalidValueError(
                f"a has shape {a.shape} and b {b.shape}, expected at most {INT_MAX:,} rows and "
                "columns: multiply parts of them"
            ) from None
    else:
        out[...] = 0
    return out


def _require_result(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if not isinstance(out, np.ndarray):
        raise InvalidValueError(f"out is a {type(out).__name__}, expected a numpy array")
    arrays.seen("out", out)
    arrays.require_dtype("out", out, dtype)
    arrays.require_shape("out", out, shape)
    arrays.require_writable("out", out)


def _share_memory(out: Any, *operands: Any) -> bool:
    return any(
        np.may_share_memory(out, operand)
        for operand in operands
        if not isinstance(operand, DeviceMatrix)
    )
