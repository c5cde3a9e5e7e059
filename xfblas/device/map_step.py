"""One operation over feature maps, as the C library takes it."""

from typing import Any

import numpy as np

from xfblas.checks import require_truth, shown
from xfblas.device.binding import ffi, require_integer
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.device.entries import ENTRIES
from xfblas.device.epilogue_flags import BIAS_ROW, ROUND, SATURATE, function_flags
from xfblas.device.map_walk import MapWalk, write_walk
from xfblas.errors import InvalidValueError

KINDS = {"convolution": 0, "max": 1, "average": 2, "depthwise": 3}


def write_step(
    place: Any,
    unit: Any,
    kind: str,
    walk: MapWalk,
    a: DeviceMatrix,
    c: DeviceMatrix,
    b: DeviceMatrix | None = None,
    x: DeviceMatrix | None = None,
    post_scale: int = 1,
    post_shift: int = 0,
    prelu_scale: int = 1,
    prelu_alpha: int = 0,
    *,
    round: bool = False,
    saturate: bool = False,
    activation: str = "prelu",
    fraction_bits: tuple[int, int] = (0, 0),
    table: DeviceMatrix | None = None,
    groups: int = 1,
) -> None:
    """Writes an operation into an ``xfblasMapStep_t`` of C.

    Arguments are those of :meth:`~xfblas.device.compute_unit.ComputeUnit.convolve` and ``window``.

    Raises:
        InvalidValueError: a matrix is on another unit or has another shape; a field is none.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidValueError(f"kind is {shown(kind)}, expected {' or '.join(map(repr, KINDS))}")
    is_pooling = kind in ("max", "average")
    _require_matrices(unit, kind, {"A": a, "C": c, "B": b, "X": x, "table": table})
    n = walk.channels if b is None and isinstance(walk, MapWalk) else getattr(b, "shape", (0, 0))[1]
    write_walk(place.walk, walk, n)
    taps = place.walk.kernelRows * place.walk.kernelColumns
    pixels = place.walk.outRows * place.walk.outColumns
    if b is not None:
        wanted = taps * place.walk.channels if kind == "convolution" else taps
        if b.shape[0] != wanted:
            raise InvalidValueError(f"B has shape {b.shape}, expected {wanted} rows for {walk}")
    if x is not None and (x.shape[1] != n or x.shape[0] not in (1, pixels)):
        raise InvalidValueError(f"X has shape {x.shape}, expected (1, {n}) or ({pixels}, {n})")
    flags = ROUND * require_truth("round", round) | SATURATE * require_truth("saturate", saturate)
    flags |= function_flags(activation, fraction_bits, groups)
    if (table is None) == (activation == "table"):
        expected = "expected what send_table gave" if table is None else "expected None"
        raise InvalidValueError(
            f"table is {shown(table)}, {expected} for activation={activation!r}"
        )
    if table is not None and (table.shape != (1, ENTRIES) or table.dtype != np.int32):
        raise InvalidValueError(
            f"table is {table.dtype} of shape {table.shape}, expected int32 of (1, {ENTRIES})"
        )
    scales = [
        require_integer(name, value)
        for name, value in {
            "post_scale": post_scale, "post_shift": post_shift,
            "prelu_scale": prelu_scale, "prelu_alpha": prelu_alpha,
        }.items()
    ]  # fmt: skip
    if is_pooling and (flags or scales != [1, 0, 1, 0]):
        raise InvalidValueError(f"fields of an epilogue were given, expected none for {kind!r}")
    if not is_pooling and (x is None or x.shape[0] == 1):
        flags |= BIAS_ROW
    place.kind, place.n, place.flags = KINDS[kind], n, flags
    place.postScale, place.postShift, place.preluScale, place.preluAlpha = scales
    for name, matrix in {"A": a, "B": b, "C": c, "X": x, "T": table}.items():
        setattr(place, name, ffi.NULL if matrix is None else matrix.pointer)


def _require_matrices(unit, kind, matrices):
    for name, matrix in matrices.items():
        if matrix is None and name not in ("A", "C"):
            continue
        if not isinstance(matrix, DeviceMatrix):
            raise InvalidValueError(
                f"{name} is a {type(matrix).__name__}, expected a DeviceMatrix: send it first"
            )
        if matrix.compute_unit is not unit:
            raise InvalidValueError(f"{name} is not on compute unit {unit.index}: {matrix}")
        if len(matrix.shape) == 1:
            raise InvalidValueError(f"{name} is a vector of {matrix.shape[0]}, expected a matrix")
        if kind in ("max", "average") and name not in ("A", "C"):
            raise InvalidValueError(f"{name} is {matrix}, expected None for {kind!r}")
    if kind not in ("max", "average") and matrices["B"] is None:
        raise InvalidValueError(f"B is None, expected the weights of a {kind}")
