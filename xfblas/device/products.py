"""Products of host arrays on a unit, and the default devices that open by themselves."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from xfblas import forks
from xfblas.arrays import element_type
from xfblas.checks import require_text
from xfblas.device.binding import INT_MAX
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.device import Device
from xfblas.device.product_errors import DTYPES
from xfblas.errors import InvalidValueError
from xfblas.image.configuration import ENGINES

#: Those of the Gemm engine by their element types, of the others by type and engine.
_devices: dict[Any, Device] = {}
_lock = forks.lock()


def default_device(dtype: DTypeLike, engine: str = "Gemm") -> Device:
    """The device for an element type that :func:`xfblas.matmul` uses, opened at its first use.

    A card holds one image: there the default device of another type or engine is closed for it.

    Args:
        dtype: int16, int8 or float32.
        engine: ``"Gemm"``; ``"Fcn"`` for products with a scale, bias or activation.
    """
    dtype = element_type("dtype", dtype, *DTYPES)
    key = dtype if engine == "Gemm" else (dtype, require_text("engine", engine, str(ENGINES)))
    device = _devices.get(key)
    if device is None or device.closed:
        with _lock:
            device = _devices.get(key)
            if device is None or device.closed:
                device = _devices[key] = _opened(engine, dtype)
    return device


def _opened(engine: str, dtype: np.dtype[Any]) -> Device:
    try:
        return Device(engine=engine, dtype=dtype)
    except InvalidValueError:
        # A card holds one image: those of other default devices make room for this one.
        others = [device for device in _devices.values() if not device.closed]
        if all(device.target == "native" for device in others):
            raise
        for device in others:
            device.close()
        return Device(engine=engine, dtype=dtype)


def product_into(unit: ComputeUnit, a: np.ndarray, b: Any, out: np.ndarray) -> None:
    """Computes ``out = a @ b`` on a unit, for operands that were checked.

    Args:
        unit: of the operands' element type.
        a: (m, k) array.
        b: (k, n) array, or a :class:`~xfblas.DeviceMatrix` of the unit.
        out: (m, n), C-contiguous and aligned, which shares no memory with the others.
    """
    (m, k), n = a.shape, b.shape[1]
    if not (m and k and n):
        out[...] = 0
        return
    try:
        unit._multiply(a, b, out, m, k, n)
    except OverflowError:
        raise InvalidValueError(
            f"a has shape {a.shape} and b {b.shape}, expected at most {INT_MAX:,} rows and "
            "columns: multiply parts of them"
        ) from None
