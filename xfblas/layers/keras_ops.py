"""Functions of ``keras.ops`` in a functional model, such as ``1 - x``, ``x[:, 2:]`` or ``relu``."""

import numpy as np

from xfblas.keras_files.inbound_nodes import TENSOR
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import CannotRun, Operation
from xfblas.layers.reshaping import Reshape
from xfblas.layers.scaling import Scale
from xfblas.layers.settings import checked_whole, number, numbers, row_axes
from xfblas.layers.slope import Slope

#: Merges of tensors, or scalings by a constant.
_MERGES = {"Add": "add", "Subtract": "subtract", "Multiply": "multiply"}
_MERGES |= {"TrueDivide": "divide", "Divide": "divide", "Maximum": "maximum", "Minimum": "minimum"}


def operations_of_function(layer) -> list[Operation]:
    """The operations of one function, whose configuration holds the call's ``arguments``.

    Raises:
        CannotRun: with the reason.
    """
    if layer.class_name not in OPERATIONS:
        raise CannotRun("is a function of keras.ops that is not known here, use layers")
    return OPERATIONS[layer.class_name](layer)


def _host(layer, function, parameters=None):
    _require_tensors(layer, 1)
    return [HostOperation(layer, function, parameters or {}, refusal=_REFUSAL)]


_REFUSAL = "is a function of keras.ops, expected layers"


def _require_tensors(layer, count):
    arguments = layer.config.get("arguments", [])
    if len(arguments) != count or any(argument is not TENSOR for argument in arguments):
        raise CannotRun(f"has arguments that are no tensors, expected {count} tensors")


def _binary(layer):
    """Of two tensors a merge, of a tensor and a constant a scaling."""
    arguments, name = layer.config.get("arguments", []), layer.class_name
    if len(arguments) != 2 or TENSOR not in arguments:
        raise CannotRun("has no two arguments")
    if arguments == [TENSOR, TENSOR]:
        return [HostOperation(layer, _MERGES[name], same_rank=True, refusal=_REFUSAL)]
    is_second = arguments[0] is TENSOR
    constant = numbers(arguments[1 if is_second else 0], 0.0)
    one, zero = np.ones(()), np.zeros(())
    if name == "Add":
        scale, shift = one, constant
    elif name == "Subtract":
        scale, shift = (one, -constant) if is_second else (-one, constant)
    elif name == "Multiply":
        scale, shift = constant, zero
    elif name in ("TrueDivide", "Divide") and is_second and (constant != 0).all():
        scale, shift = 1 / constant, zero
    else:
        raise CannotRun(f"{name} of a constant is not supported, use layers")
    axes, arrays = tuple(range(-constant.ndim, 0)), {"scale": scale, "shift": shift}
    return [Scale(layer, "constant", axes, arrays)]


def _slope(default):
    def rule(layer):
        _require_tensors(layer, 1)
        return [Slope(layer, number(layer.config.get("negative_slope"), default))]

    return rule


def _plain(function):
    return lambda layer: _host(layer, function)


def _reduction(function):
    def rule(layer):
        axes, keepdims = row_axes(layer.config, None), bool(layer.config.get("keepdims"))
        return _host(layer, function, {"axes": axes, "keepdims": keepdims})

    return rule


def _with_alpha(function):
    return lambda layer: _host(layer, function, {"alpha": number(layer.config.get("alpha"), 1.0)})


def _with_axis(function):
    def rule(layer):
        axes = row_axes(layer.config)
        if len(axes) != 1 and function != "softmax":
            raise CannotRun(f"axis is {axes}, expected one")
        return _host(layer, function, {"axis": axes if function == "softmax" else axes[0]})

    return rule


def _gelu(layer):
    return _host(layer, "gelu_tanh" if layer.config.get("approximate", True) else "gelu")


def _clip(layer):
    config = layer.config
    smallest, largest = (number(config.get(key), None) for key in ("x_min", "x_max"))
    return _host(layer, "clip", {"smallest": smallest, "largest": largest})


def _concatenate(layer):
    arguments, axes = layer.config.get("arguments", []), row_axes(layer.config)
    is_list = len(arguments) == 1 and isinstance(arguments[0], list)
    if not is_list or any(part is not TENSOR for part in arguments[0]) or len(axes) != 1:
        raise CannotRun("has other arguments than tensors and an axis")
    return [HostOperation(layer, "concatenate", {"axis": axes[0]}, refusal=_REFUSAL)]


def _reshape(layer):
    shape = layer.config.get("newshape")
    _require_tensors(layer, 1)
    if not isinstance(shape, (list, tuple)) or len(shape) < 2 or shape[0] != -1:
        raise CannotRun(f"newshape is {shape!r}, expected -1 for the batch first")
    sizes = tuple(checked_whole(size, "newshape", 1) for size in shape[1:])
    return [Reshape(layer, sizes)]


def _transpose(layer):
    axes = layer.config.get("axes")
    if not isinstance(axes, (list, tuple)) or sorted(map(str, axes)) != sorted(
        map(str, range(len(axes)))
    ):
        raise CannotRun(f"axes is {axes!r}, expected each axis once")
    if len(axes) < 2 or axes[0] != 0:
        raise CannotRun(f"axes is {axes!r}, expected the batch first")
    return _host(layer, "permute", {"axes": [int(axis) for axis in axes[1:]]})


def _get_item(layer):
    """``x[:, 2:5, 0]``: the batch whole, then whole numbers and slices."""
    arguments = layer.config.get("arguments", [])
    index = arguments[1] if len(arguments) == 2 and arguments[0] is TENSOR else None
    parts = [_index(part) for part in index] if isinstance(index, (list, tuple)) else []
    if not parts or parts[0] not in ([None, None, None], [None, None, 1]):
        raise CannotRun("takes other parts than whole rows, expected x[:, ...]")
    return [HostOperation(layer, "take", {"index": parts[1:]}, refusal=_REFUSAL)]


def _index(part):
    if isinstance(part, dict) and part.get("class_name") == "__slice__":
        config = part.get("config")
        values = [config.get(key) for key in ("start", "stop", "step")] if config else [None] * 3
        return [None if value is None else checked_whole(value, "slice", -(2**24))
                for value in values]  # fmt: skip
    return checked_whole(part, "index", -(2**24))


OPERATIONS = {
    "Sigmoid": _plain("sigmoid"),
    "Tanh": _plain("tanh"),
    "Silu": _plain("silu"),
    "Selu": _plain("selu"),
    "Relu6": _plain("relu6"),
    "Softplus": _plain("softplus"),
    "Softsign": _plain("softsign"),
    "HardSigmoid": _plain("hard_sigmoid"),
    "HardSilu": _plain("hard_silu"),
    "HardTanh": _plain("hard_tanh"),
    "TanhShrink": _plain("tanh_shrink"),
    "LogSigmoid": _plain("log_sigmoid"),
    "SparsePlus": _plain("sparse_plus"),
    "SparseSigmoid": _plain("sparse_sigmoid"),
    "Exp": _plain("exponential"),
    "Absolute": _plain("absolute"),
    "Square": _plain("square"),
    "Sqrt": _plain("square_root"),
    "Log": _plain("logarithm"),
    **dict.fromkeys(_MERGES, _binary),
    "Mean": _reduction("mean"),
    "Max": _reduction("largest"),
    "Min": _reduction("smallest"),
    "Sum": _reduction("total"),
    "Relu": _slope(0.0),
    "LeakyRelu": _slope(0.2),
    "Elu": _with_alpha("elu"),
    "Celu": _with_alpha("celu"),
    "Softmax": _with_axis("softmax"),
    "LogSoftmax": _with_axis("log_softmax"),
    "Glu": _with_axis("glu"),
    "Gelu": _gelu,
    "Clip": _clip,
    "Concatenate": _concatenate,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "GetItem": _get_item,
}
