"""Nodes whose inputs are all constants: computed once, when the file is read."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.layers.activations import sigmoid
from xfblas.layers.operation import CannotRun
from xfblas.onnx_files.quantizers import aligned, linear_range, quant_constant

#: The types of Cast, by ONNX' number; short floats are float32 here.
_TYPES = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64,
    9: np.bool_, 10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64, 16: np.float32,
}  # fmt: skip


class Budget:
    """How many values the constants of a model may compute to, so that no file fills the memory.

    Args:
        stored: values in the file.
    """

    def __init__(self, stored: int):
        self._left = 2**24 + 16 * stored

    def take(self, count: int) -> None:
        """Counts what one node gives.

        Raises:
            CannotRun: it is more than is left.
        """
        self._left -= count
        if count < 0 or self._left < 0:
            raise CannotRun(f"computes {count} constant values, which are too many")


def compute_constant(
    operator: str, attributes: dict[str, Any], inputs: list[np.ndarray | None], budget: Budget
) -> np.ndarray:
    """What a node gives whose inputs are constants.

    Args:
        operator: its kind.
        attributes: by name; of Constant, ``value`` is an array already.
        inputs: None for one that is left out.
        budget: what it counts against.

    Raises:
        CannotRun: there is no such function of constants here, or the inputs do not fit it.
    """
    if operator not in FUNCTIONS:
        raise CannotRun("its inputs are constants, and such a node is not computed here")
    try:
        budget.take(_size(operator, inputs))
        with np.errstate(all="ignore"):
            return np.asarray(FUNCTIONS[operator](attributes, *inputs))
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        if isinstance(error, InvalidValueError):
            raise
        raise CannotRun(f"cannot be computed of its constants: {error}") from None


def _size(operator: str, inputs: list[Any]) -> int:
    """How many values a node gives, at most."""
    shapes = [value.shape for value in inputs if value is not None]
    if operator == "MatMul":
        return math.prod(shapes[0][:-1]) * math.prod(shapes[1]) // max(1, shapes[1][0])
    if operator == "ConstantOfShape":
        return math.prod(int(size) for size in inputs[0])
    if operator == "Expand":
        return math.prod(np.broadcast_shapes(shapes[0], tuple(int(size) for size in inputs[1])))
    if operator == "Range":
        start, limit, step = (float(value.item()) for value in inputs)
        return max(0, math.ceil((limit - start) / step))
    if operator == "Gather":
        return math.prod(shapes[0]) * max(1, math.prod(shapes[1]))
    if operator in _ELEMENTWISE:
        return math.prod(np.broadcast_shapes(*shapes))
    return sum(math.prod(shape) for shape in shapes)


def _elementwise(function: Callable) -> Callable:
    return lambda attributes, *inputs: function(*inputs)


def _divide(one, other):
    """Whole numbers towards zero."""
    if one.dtype.kind == "f":
        return one / other
    found = np.abs(one) // np.abs(other)
    return (np.sign(one) * np.sign(other) * found).astype(one.dtype)


def _several(function: Callable) -> Callable:
    def found(first, *others):
        for other in others:
            first = function(first, other)
        return first

    return found


#: Those whose inputs broadcast to each other.
_ELEMENTWISE = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": _divide,
    "Pow": lambda one, other: np.power(one, other).astype(one.dtype),
    "Max": _several(np.maximum),
    "Min": _several(np.minimum),
    "Sum": _several(np.add),
    "Equal": np.equal,
    "Less": np.less,
    "Greater": np.greater,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Where": np.where,
    "Not": np.logical_not,
    "Neg": np.negative,
    "Abs": np.abs,
    "Sign": np.sign,
    "Sqrt": np.sqrt,
    "Exp": np.exp,
    "Log": np.log,
    "Reciprocal": np.reciprocal,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.rint,
    "Tanh": np.tanh,
    "Sigmoid": sigmoid,
    "Relu": lambda x: np.maximum(x, 0),
    "Identity": lambda x: x,
}


def _axes(attributes, given):
    """Axes as an attribute or an input; None where neither says them."""
    if given is not None:
        return tuple(int(axis) for axis in given.reshape(-1))
    return tuple(attributes["axes"]) if "axes" in attributes else None


def _constant(attributes):
    names = ("value", "value_float", "value_floats", "value_int", "value_ints")
    value = next(attributes[name] for name in names if name in attributes)
    if isinstance(value, np.ndarray):
        return value
    return np.array(value, np.int64 if "value_int" in attributes or "value_ints" in attributes
                    else np.float32)  # fmt: skip


def _reshape(attributes, x, shape):
    sizes = [int(size) for size in shape]
    if not attributes.get("allowzero", 0):
        sizes = [x.shape[place] if size == 0 else size for place, size in enumerate(sizes)]
    return x.reshape(sizes)


def _flatten(attributes, x):
    axis = attributes.get("axis", 1)
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape(math.prod(x.shape[:axis]), -1)


def _squeeze(attributes, x, given=None):
    return np.squeeze(x, _axes(attributes, given))


def _slice(attributes, x, *given):
    lists = [None if value is None else [int(v) for v in value.reshape(-1)] for value in given]
    lists += [None] * (4 - len(lists))
    names = ("starts", "ends", "axes", "steps")
    starts, ends, axes, steps = (
        attributes.get(name) if found is None else found
        for name, found in zip(names, lists, strict=True)
    )
    parts = [slice(None)] * x.ndim
    axes = range(len(starts)) if axes is None else axes
    for start, end, axis, step in zip(starts, ends, axes, steps or [1] * len(starts), strict=True):
        parts[axis] = slice(start, end, step)
    return x[tuple(parts)]


def _shape(attributes, x):
    sizes = np.array(x.shape, np.int64)
    return sizes[attributes.get("start", 0) : attributes.get("end", None)]


def _filled(attributes, shape):
    value = attributes.get("value", np.zeros(1, np.float32))
    return np.full([int(size) for size in shape], value.reshape(-1)[0])


def _expand(attributes, x, shape):
    sizes = np.broadcast_shapes(x.shape, tuple(int(size) for size in shape))
    return np.broadcast_to(x, sizes)


def _reduce(function: Callable) -> Callable:
    def found(attributes, x, given=None):
        axes = _axes(attributes, given)
        if axes == () and attributes.get("noop_with_empty_axes", 0):
            return x
        return function(x, axis=axes or None, keepdims=bool(attributes.get("keepdims", 1)))

    return found


def _clip(attributes, x, smallest=None, largest=None):
    smallest = attributes.get("min") if smallest is None else smallest
    largest = attributes.get("max") if largest is None else largest
    return x if smallest is largest is None else np.clip(x, smallest, largest)


def _quantize_linear(attributes, x, scale, zero=None):
    axis = attributes.get("axis", 1)
    kind = attributes.get("output_dtype", 0)
    if not kind and zero is not None:
        kind = next((k for k, dtype in _TYPES.items() if dtype == zero.dtype), -1)
    smallest, largest = linear_range(kind)
    scale = aligned(scale, axis, x.ndim)
    zero = 0 if zero is None else aligned(zero, axis, x.ndim).astype(np.float64)
    found = np.clip(np.rint(x / scale) + zero, smallest, largest)
    return found.astype(_TYPES.get(kind or 2, np.int32))


def _dequantize_linear(attributes, x, scale, zero=None):
    if attributes.get("block_size", 0):
        axis = attributes.get("axis", 1)
        scale = np.repeat(scale, attributes["block_size"], axis)
        zero = None if zero is None else np.repeat(zero, attributes["block_size"], axis)
        parts = tuple(slice(size) for size in x.shape)
        scale, zero = scale[parts], None if zero is None else zero[parts]
    else:
        scale = aligned(scale, attributes.get("axis", 1), x.ndim)
        zero = None if zero is None else aligned(zero, attributes.get("axis", 1), x.ndim)
    centered = x.astype(np.float64) - (0 if zero is None else zero.astype(np.float64))
    return centered.astype(np.float32) * scale


def _quant(attributes, x, scale, zero, bits):
    return np.asarray(quant_constant(attributes, x, scale, zero, bits), np.float32)


#: Each of the node's attributes and its inputs.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _elementwise(function) for name, function in _ELEMENTWISE.items()},
    "Constant": _constant,
    "Cast": lambda attributes, x: x.astype(_TYPES[attributes["to"]]),
    "Dropout": lambda attributes, x, *_: x,
    "MatMul": lambda attributes, a, b: a @ b,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": lambda attributes, x: x.transpose(attributes.get("perm")),
    "Squeeze": _squeeze,
    "Unsqueeze": lambda attributes, x, given=None: np.expand_dims(x, _axes(attributes, given)),
    "Concat": lambda attributes, *inputs: np.concatenate(inputs, attributes["axis"]),
    "Gather": lambda attributes, x, index: np.take(x, index, attributes.get("axis", 0)),
    "Slice": _slice,
    "Shape": _shape,
    "Size": lambda attributes, x: np.array(x.size, np.int64),
    "ConstantOfShape": _filled,
    "Expand": _expand,
    "Range": lambda attributes, start, limit, step: np.arange(start, limit, step),
    "ReduceSum": _reduce(np.sum),
    "ReduceProd": _reduce(np.prod),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
    "ReduceMean": _reduce(np.mean),
    "Clip": _clip,
    "QuantizeLinear": _quantize_linear,
    "DequantizeLinear": _dequantize_linear,
    "Quant": _quant,
    "IntQuant": _quant,
    "BipolarQuant": lambda attributes, x, scale: np.where(x >= 0, 1, -1) * scale,
}
