"""``xfblas.matmul``: numpy's, on a default device that opens by itself."""

import inspect
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import DTypeLike

from xfblas.checks import shown
from xfblas.device.binding import INT_MAX
from xfblas.device.compute_unit import NULL, from_buffer
from xfblas.device.compute_unit import _operand as operand
from xfblas.device.device import Device
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.device.products import _devices
from xfblas.errors import InvalidValueError
from xfblas.offloading.general_product import general_product
from xfblas.offloading.tiles import WORTH_SHARING
from xfblas.rows.result_array import empty_result

ndarray, empty = np.ndarray, np.empty


class Options(TypedDict, total=False):
    """What :func:`matmul` takes besides operands, result and device."""

    dtype: DTypeLike | None
    casting: str
    order: str
    axes: Any
    exact: bool
    split: bool
    scale: tuple[int, int] | None
    bias: Any
    activation: Any
    round: bool
    saturate: bool
    memory: int | None
    progress: bool


def matmul(
    a: Any, b: Any, out: Any = None, *, device: Device | None = None, **options: Unpack[Options]
) -> Any:
    """The product of two arrays, as numpy.matmul gives it.

    Args:
        a: (..., m, k) or (k,), of any layout and byte order: an array or list, also a memmap, HDF5
            dataset or Zarr array, or an array of :func:`xfblas.asarray`.
        b: (..., k, n) or (k,); or a :class:`~xfblas.DeviceMatrix`, which saves preparing a matrix
            that is used more than once, such as weights. Stacks broadcast.
        out: array to fill, of the result's shape or one that it broadcasts to. It may be one of the
            operands, which costs a copy.
        device: a device of the Gemm or Fcn engine, or several that :func:`xfblas.open` opened as
            one, whose units share large products; by default that of ``b``, or the packaged image
            on the default target.
        dtype: to compute with; by default what numpy promotes the operands to.
        casting: as numpy has it, ``"same_kind"`` by default: how operands may become ``dtype``, and
            the result ``out``'s type.
        order: ``"C"``, ``"F"``, ``"A"`` or ``"K"``, of a new result.
        axes: a list of where rows and columns lie in a, in b and in the result, as numpy has it.
        exact: whole sums of integers, int64.
        split: float64 and float32 by exact products of integers; see docs/offload.md for the bound.
        scale: (postScale, postShift); with it, ``bias`` or ``activation`` the result is
            ``act(((a @ b + bias) * postScale) >> postShift)``, by the Fcn engine.
        bias: (n,) or (m, n), int32 or for float32 products float32.
        activation: ``"relu"``, ``("prelu", preluScale, preluAlpha)``; for integers also
            ``("tanh", f, g)`` and ``("sigmoid", f, g)`` with the fraction bits of argument and
            result.
        round: add half before the shift.
        saturate: clamp to the element's range instead of wrapping.
        memory: bytes that tiles of large operands may take besides operands and result; 1 GiB.
        progress: show how far a product of tiles is, which needs rich.

    Returns:
        Array of the promoted dtype (int8 of int8 and so on), a number for two vectors, or ``out``.
        int16 and int8 wrap as numpy's do; uint8 with int8 gives int32; ``exact`` gives int64.
        float32 sums may be added up in another order.

    Raises:
        DtypeError: no engine computes with these dtypes, or a cast is not allowed; tells what to
            convert to.
        InvalidValueError: shapes that do not fit, or a wrong option.
    """
    if device is not None and not isinstance(device, Device):
        raise InvalidValueError(
            f"device is {shown(device)}, expected a Device: several are opened as one by "
            "xfblas.open(devices=[0, 1])"
        )
    # A product of 64 x 64 takes as long as twenty such questions, so the usual answers come first.
    is_sent = type(b) is DeviceMatrix
    if options or type(a) is not ndarray or not (is_sent or type(b) is ndarray):
        return general_product(a, b, out, device, options)
    dtype = a.dtype
    try:
        (m, k), (rows, n) = a.shape, b.shape
    except ValueError:
        return general_product(a, b, out, device, options)
    if k != rows or (b.dtype is not dtype and b.dtype != dtype):
        return general_product(a, b, out, device, options)
    if is_sent:
        unit = b.compute_unit
        if device is not None and unit not in device.compute_units:
            raise InvalidValueError("b is on another device than the one that was given")
    else:
        known = _devices.get(dtype) if device is None else device if dtype == device.dtype else None
        # A closed device that was given says so itself.
        if known is None or (device is None and known._handle._closing):
            return general_product(a, b, out, device, options)
        if len(known.sharing_units) > 1 and m * k * n >= WORTH_SHARING:
            return general_product(a, b, out, device, options)
        unit = known.compute_units[0]
    if out is None:
        try:
            out = empty((m, n), dtype)
        except (MemoryError, ValueError):
            out = empty_result((m, n), dtype)  # which says what has no room
    elif not (
        type(out) is ndarray
        and (out.dtype is dtype or out.dtype == dtype)
        and out.shape == (m, n)
        and out.flags.carray
        # Arrays that own their elements share none.
        and out.base is None
        and a.base is None
        and out is not a
        and (is_sent or (b.base is None and out is not b))
    ):
        return general_product(a, b, out, device, options)
    if m and k and n:
        try:
            # As ComputeUnit._multiply has it, without a call more.
            host = sent = NULL
            if is_sent:
                sent = b.pointer
            else:
                host = from_buffer(b if b.flags.carray else operand(b))
            source = from_buffer(a if a.flags.carray else operand(a))
            unit._handle.multiply(m, n, k, source, host, sent, from_buffer(out), unit.index)
        except OverflowError:
            raise InvalidValueError(
                f"a has shape {a.shape} and b {b.shape}, expected at most {INT_MAX:,} rows and "
                "columns: multiply parts of them"
            ) from None
    else:
        out[...] = 0
    return out


def _with_options(function: Any) -> inspect.Signature:
    """The signature with every option by name: a call without options makes no dict of them."""
    found = inspect.signature(function)
    named = [each for each in found.parameters.values() if each.kind is not each.VAR_KEYWORD]
    defaults = {"casting": "same_kind", "order": "K"}
    for name, kind in Options.__annotations__.items():
        default = defaults.get(name, False if kind is bool else None)
        named.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default))
    return found.replace(parameters=named)


matmul.__signature__ = _with_options(matmul)  # type: ignore[attr-defined]
