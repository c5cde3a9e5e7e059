"""The whole sums of integer products, int64: of int16 48 bits, of int8 32 bits."""

from typing import Any

import numpy as np

from xfblas import arrays
from xfblas.device.binding import ffi, lib
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.errors import NotSupportedError
from xfblas.rows.result_array import empty_result

#: So many products of the largest elements leave a sum in the engine's bits.
MOST_K = 2**17 - 1
#: What each launch of the Fcn engine shifts a sum by, so that its elements are the next bits.
SHIFTS = {2: (0, 16, 32), 1: (0, 8, 16, 24)}


def whole_sums(unit: ComputeUnit, a: np.ndarray, b: Any) -> np.ndarray:
    """``a @ b`` as int64.

    Args:
        unit: of a device of either engine on ``native``, of the Fcn engine elsewhere.
        a: (m, k) int16 or int8, as the image has it.
        b: (k, n) of the same dtype, or a :class:`~xfblas.DeviceMatrix` of this unit.
    """
    k = a.shape[1]
    compute = _direct if unit.device.target == "native" else sums_by_launches
    if k <= MOST_K:
        return compute(unit, a, b)
    if isinstance(b, DeviceMatrix):
        b = b.read()
    total = compute(unit, a[:, :MOST_K], b[:MOST_K])
    for start in range(MOST_K, k, MOST_K):
        part = slice(start, start + MOST_K)
        total += compute(unit, a[:, part], b[part])
    return total


def _direct(unit: ComputeUnit, a: np.ndarray, b: Any) -> np.ndarray:
    (m, k), n = a.shape, b.shape[1]
    out = empty_result((m, n), np.int64)
    is_sent = isinstance(b, DeviceMatrix)
    host = ffi.NULL if is_sent else ffi.from_buffer(arrays.readable(b))
    sent = b.pointer if is_sent else ffi.NULL
    source, place = ffi.from_buffer(arrays.readable(a)), ffi.from_buffer("long long[]", out)
    unit.call(lib.xfblasMatmulSums, m, n, k, source, k, host, n, sent, place, n)
    return out


def sums_by_launches(unit: ComputeUnit, a: np.ndarray, b: Any) -> np.ndarray:
    """The same from elements: one launch of the Fcn engine for the bits of each."""
    if unit.device.engine != "Fcn":
        raise NotSupportedError(
            f"whole sums need the Fcn engine on {unit.device.target}, but the device was opened "
            f"for {unit.device.engine}: pass one of xfblas.open(engine='Fcn')"
        )
    shifts = SHIFTS[a.dtype.itemsize]
    shape = len(a), b.shape[1]
    with unit.lock:
        left = unit.send(a)
        right = b if isinstance(b, DeviceMatrix) else unit.send(b, packed=True)
        parts = [unit.empty(shape) for _ in shifts]
        for shift, part in zip(shifts, parts, strict=True):
            unit.fcn(left, right, part, post_shift=shift)
        read = [part.read() for part in parts]
        unit.clear()
    total = read[-1].astype(np.int64) << shifts[-1]
    for shift, part in zip(shifts[:-1], read[:-1], strict=True):
        total |= part.view(f"u{a.dtype.itemsize}").astype(np.int64) << shift
    return total


def sums_of_bytes(unit: ComputeUnit, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a @ b`` as int32, which wraps, of one operand uint8 and the other int8, on an int8 image.

    The engine takes signed bytes: 128 are taken off the unsigned ones, which leaves 128 times the
    sums of the others.
    """
    if a.dtype == np.uint8:
        total = whole_sums(unit, _signed(a), b)
        total += 128 * b.sum(0, np.int64)
    else:
        total = whole_sums(unit, a, _signed(b))
        total += 128 * a.sum(1, np.int64)[:, None]
    return total.astype(np.int32)


def _signed(array: np.ndarray) -> np.ndarray:
    return (array ^ np.uint8(128)).view(np.int8)
