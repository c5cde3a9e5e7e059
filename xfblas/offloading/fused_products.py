"""Products with an epilogue, by the Fcn engine: bias, scale and activation in one instruction."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xfblas import arrays
from xfblas.checks import require_instance, require_integer, shown
from xfblas.device.binding import INT_MAX
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.errors import DtypeError, InvalidValueError

#: preluScale and preluAlpha of those that have no numbers of their own.
SLOPES = {None: (1, 0), "linear": (1, 0), "relu": (0, 0)}
CURVES = ("tanh", "sigmoid")
ACTIVATIONS = (
    "None, 'linear', 'relu', ('prelu', preluScale, preluAlpha), or for integers "
    "('tanh', fraction bits of the argument, of the result) and the same with 'sigmoid'"
)


@dataclass(frozen=True)
class Epilogue:
    """What :meth:`ComputeUnit.fcn` takes besides its matrices, checked but for the bias' shape."""

    bias: np.ndarray | None
    fields: dict[str, Any]

    def product(self, unit: ComputeUnit, a: np.ndarray, b: Any) -> np.ndarray:
        """``act(((a @ b + bias) * postScale) >> postShift)`` of the image's element type."""
        if not a.shape[1]:  # a sum of nothing, which the engine has not
            a, b = np.zeros((len(a), 1), a.dtype), np.zeros((1, b.shape[1]), a.dtype)
        is_native = unit.device.target == "native"
        with unit.lock:
            left = unit.send(a)
            right = b if isinstance(b, DeviceMatrix) else unit.send(b, packed=not is_native)
            result = unit.empty((len(a), right.shape[1]))
            addend = None if self.bias is None else unit.send(self._rows_for(result.shape))
            unit.fcn(left, right, result, addend, **self.fields)
            read = result.read()
            unit.clear()
        return read

    def within(self, shape: tuple[int, int], place: tuple[slice, slice]) -> "Epilogue":
        """What a tile of a result of that shape takes: the part of the bias that belongs to it.

        Raises:
            InvalidValueError: the bias has another shape than the result.
        """
        if self.bias is None:
            return self
        bias = self._rows_for(shape)
        rows = slice(None) if len(bias) == 1 else place[0]
        return replace(self, bias=np.ascontiguousarray(bias[rows, place[1]]))

    def _rows_for(self, shape: Any) -> np.ndarray:
        assert self.bias is not None
        bias = np.atleast_2d(self.bias)
        try:
            return np.broadcast_to(bias, (1 if len(bias) == 1 else shape[0], shape[1]))
        except ValueError:
            raise InvalidValueError(
                f"bias has shape {self.bias.shape}, expected ({shape[1]},) or {tuple(shape)}"
            ) from None


def epilogue(
    dtype: np.dtype, scale: Any, bias: Any, activation: Any, round: bool, saturate: bool
) -> Epilogue:
    """The epilogue that options of :func:`xfblas.matmul` ask for, of products of a dtype.

    Raises:
        InvalidValueError: an option is none that the engine has; tells what it has.
        DtypeError: the bias is of another kind.
    """
    is_float = dtype.kind == "f"
    post_scale, post_shift = _scale(scale, is_float)
    fields = {
        "post_scale": post_scale,
        "post_shift": post_shift,
        "round": round,
        "saturate": saturate,
        **_activation(activation, is_float),
    }
    if is_float and (fields["round"] or fields["saturate"]):
        raise InvalidValueError("round and saturate are for integers, expected False for float32")
    return Epilogue(_bias(bias, dtype), fields)


def _scale(scale: Any, is_float: bool) -> tuple[int, int]:
    if scale is None:
        return 1, 0
    require_instance("scale", scale, tuple, list, expected="(postScale, postShift)")
    if len(scale) != 2:
        raise InvalidValueError(f"scale is {shown(scale)}, expected (postScale, postShift)")
    found = (
        require_integer("postScale of scale", scale[0], 0, 65535),
        require_integer("postShift of scale", scale[1], 0, 255),
    )
    if is_float and found != (1, 0):
        raise InvalidValueError(f"scale is {found}, expected None for float32")
    return found


def _activation(activation: Any, is_float: bool) -> dict[str, Any]:
    if activation is None or isinstance(activation, str):
        if activation in SLOPES:
            return dict(zip(("prelu_scale", "prelu_alpha"), SLOPES[activation], strict=True))
    elif isinstance(activation, (tuple, list)) and len(activation) == 3:
        name, first, second = activation
        if isinstance(name, str) and name == "prelu":
            return {
                "prelu_scale": require_integer("preluScale of activation", first, -512, 511),
                "prelu_alpha": require_integer("preluAlpha of activation", second, 0, 31),
            }
        if isinstance(name, str) and name in CURVES and not is_float:
            bits = [
                require_integer("fraction bits of activation", each, 0, 255)
                for each in (first, second)
            ]
            return {"activation": name, "fraction_bits": tuple(bits)}
    raise InvalidValueError(f"activation is {shown(activation)}, expected {ACTIVATIONS}")


def _bias(bias: Any, dtype: np.dtype) -> np.ndarray | None:
    if bias is None:
        return None
    try:
        array = np.asarray(bias)
    except Exception as error:
        raise InvalidValueError(f"bias cannot be read as an array: {error}") from None
    if array.ndim not in (1, 2) or not array.size:
        raise InvalidValueError(f"bias has shape {array.shape}, expected a row or a matrix")
    wanted = np.dtype(np.float32 if dtype.kind == "f" else np.int32)
    if array.dtype.kind not in ("iu" if wanted.kind == "i" else "iuf"):
        raise DtypeError(f"bias is {array.dtype}, expected {wanted}")
    if wanted.kind == "i" and (array.min() < -INT_MAX - 1 or array.max() > INT_MAX):
        raise InvalidValueError(f"bias has {array.min()} to {array.max()}, expected int32")
    return arrays.readable(array, wanted)
