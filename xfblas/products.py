"""Matrix products of plain numpy arrays, on a default device that opens by itself."""

import threading

import numpy as np

from xfblas import arrays
from xfblas.device import Device
from xfblas.errors import DtypeError, InvalidValueError

_devices: dict[np.dtype, Device] = {}
_lock = threading.Lock()


def default_device(dtype) -> Device:
    """The Gemm device for an element type that :func:`matmul` uses, opened at its first use."""
    with _lock:
        dtype = np.dtype(dtype)
        if dtype not in _devices or _devices[dtype].closed:
            _devices[dtype] = Device(engine="Gemm", dtype=dtype)
        return _devices[dtype]


def matmul(a, b, *, device=None) -> np.ndarray:
    """The product of two matrices, as ``a @ b`` of numpy gives it.

    Args:
        a: (m, k) array of int16 or float32, any layout.
        b: (k, n) array of the same dtype.
        device: a device of the Gemm engine; by default the packaged image on the default target.

    Returns:
        (m, n) array of the same dtype. int16 wraps as numpy's does; float32 sums may be added up
        in another order.

    Raises:
        DtypeError: the dtypes differ or are neither int16 nor float32.
        InvalidValueError: not two matrices whose shapes fit.
    """
    a, b = np.asarray(a), np.asarray(b)
    for name, array in (("a", a), ("b", b)):
        arrays.require_dimensions(name, array, 2)
        expected = (np.int16, np.float32) if device is None else (device.dtype,)
        arrays.require_dtype(name, array, *expected)
    if a.dtype != b.dtype:
        raise DtypeError(f"a is {arrays.describe(a)} but b is {arrays.describe(b)}")
    if a.shape[1] != b.shape[0]:
        raise InvalidValueError(
            f"a has shape {a.shape} and b {b.shape}: b needs {a.shape[1]} rows, as a has columns"
        )
    shape = (a.shape[0], b.shape[1])
    if 0 in (*a.shape, *b.shape):
        return np.zeros(shape, a.dtype)
    unit = (device or default_device(a.dtype)).compute_units[0]
    left, right, result = unit.send(a), unit.send(b), unit.empty(shape)
    with unit.lock:
        # What the caller has queued runs first, since the product takes its place.
        unit.flush()
        unit.clear()
        unit.gemm(left, right, result, add=False)
        product = result.read()
        unit.clear()
        return product
