"""Activations, and other functions of one tensor."""

import numpy as np

from xfblas.layers.activations import SELU_ALPHA, SELU_SCALE
from xfblas.layers.operation import CannotRun, Operation
from xfblas.layers.slope import Slope
from xfblas.onnx_files.node import Node, converts

_PLAIN = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Mish": "mish",
    "HardSwish": "hard_silu",
    "Exp": "exponential",
    "Log": "logarithm",
    "Sqrt": "square_root",
    "Abs": "absolute",
    "Erf": "error_function",
}


@converts(*_PLAIN)
def _plain(node: Node) -> list[Operation]:
    return node.host(_PLAIN[node.operator])


@converts("Identity")
def _identity(node: Node) -> list[Operation]:
    return []


@converts("Dropout")
def _dropout(node: Node) -> list[Operation]:
    if node.constant(2, "training_mode", False).any():
        raise CannotRun("training_mode is on, which drops values by chance")
    return []


@converts("Relu", "LeakyRelu")
def _relu(node: Node) -> list[Operation]:
    is_leaky = node.operator == "LeakyRelu"
    return [Slope(node.layer, float(node.attribute("alpha", 0.01)) if is_leaky else 0.0)]


@converts("PRelu")
def _prelu(node: Node) -> list[Operation]:
    """A slope where all are the same, else the host's."""
    node.tensor(0)
    alpha = node.of_row(node.constant(1, "slope"))
    row = node.tensor(0).shape
    alpha = alpha.reshape((1,) * (len(row) - alpha.ndim) + alpha.shape)
    if any(size not in (1, of_row) for size, of_row in zip(alpha.shape, row, strict=True)):
        raise CannotRun(f"its slope has the shape {alpha.shape}, which {row} does not")
    if (alpha == alpha.flat[0]).all():
        return [Slope(node.layer, float(alpha.flat[0]))]
    reason = f"it has {alpha.size} slopes, but a layer of the engine has one"
    return node.host("prelu", {}, {"alpha": alpha.astype(np.float32)}, reason=reason)


@converts("Clip")
def _clip(node: Node) -> list[Operation]:
    limits = []
    for index, (name, default) in enumerate((("min", -np.inf), ("max", np.inf)), start=1):
        value = node.attribute(name, None)
        value = node.bound(index, name, default) if value is None else np.asarray(value)
        if value.size != 1 or np.isnan(value).any():
            raise CannotRun(f"{name} has the shape {value.shape}, expected one number")
        # Versions before 11 write the largest float where there is no limit.
        is_open = np.abs(value) >= np.finfo(np.float32).max
        limits.append(None if is_open.any() else float(value.reshape(-1)[0]))
    if limits == [0.0, None]:
        return [Slope(node.layer, 0.0)]
    if limits == [0.0, 6.0]:
        return node.host("relu6")
    return _clipped(node, *limits) if limits != [None, None] else []


def _clipped(node, smallest, largest):
    return node.host("clip", {"smallest": smallest, "largest": largest})


@converts("Elu", "Celu")
def _elu(node: Node) -> list[Operation]:
    alpha = float(node.attribute("alpha", 1.0))
    if node.operator == "Celu" and alpha == 0:
        raise CannotRun("alpha is 0, by which it divides")
    return node.host(node.operator.lower(), {} if alpha == 1 else {"alpha": alpha})


@converts("Selu")
def _selu(node: Node) -> list[Operation]:
    alpha, gamma = node.attribute("alpha", SELU_ALPHA), node.attribute("gamma", SELU_SCALE)
    if not np.allclose((alpha, gamma), (SELU_ALPHA, SELU_SCALE), 1e-6):
        raise CannotRun(f"alpha is {alpha} and gamma {gamma}, expected those of selu")
    return node.host("selu")


@converts("Gelu")
def _gelu(node: Node) -> list[Operation]:
    return node.host("gelu_tanh" if node.attribute("approximate", "none") == "tanh" else "gelu")


@converts("Swish")
def _swish(node: Node) -> list[Operation]:
    if node.attribute("alpha", 1.0) != 1:
        raise CannotRun("alpha is not 1")
    return node.host("silu")


@converts("HardSigmoid")
def _hard_sigmoid(node: Node) -> list[Operation]:
    alpha, beta = node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
    line = node.scaling(np.asarray(alpha), np.asarray(beta))
    return [*line, *_clipped(node, 0.0, 1.0)]


@converts("ThresholdedRelu")
def _thresholded(node: Node) -> list[Operation]:
    return node.host("relu", {"threshold": float(node.attribute("alpha", 1.0))})


@converts("Softmax", "LogSoftmax")
def _softmax(node: Node) -> list[Operation]:
    """Over one axis; before version 13 over that and all after it."""
    function = {"Softmax": "softmax", "LogSoftmax": "log_softmax"}[node.operator]
    is_new, rank = node.opset >= 13, node.tensor(0).rank
    axis = node.axis(node.attribute("axis", -1 if is_new else 1), rank)
    axes = [axis] if is_new else list(range(axis, rank))
    return node.host(function, {} if axes == [rank - 1] else {"axis": axes})


@converts("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
def _reduction(node: Node) -> list[Operation]:
    names = {"Mean": "mean", "Sum": "total", "Max": "largest", "Min": "smallest"}
    rank, axes = node.tensor(0).rank, node.whole_numbers("axes", 1)
    if not axes:
        if axes is not None and node.attribute("noop_with_empty_axes", 0):
            return []
        raise CannotRun("reduces all axes, the batch too: a row would depend on the others")
    axes = [node.axis(axis, rank) for axis in axes]
    keepdims = bool(node.attribute("keepdims", 1))
    return node.host(names[node.operator[6:]], {"axes": axes, "keepdims": keepdims})


@converts("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(node: Node) -> list[Operation]:
    axes = list(range(2, node.tensor(0).rank))
    if not axes:
        raise CannotRun(f"its input has {node.tensor(0).rank} axes, expected 3 or more")
    function = "mean" if node.operator == "GlobalAveragePool" else "largest"
    return node.host(function, {"axes": axes, "keepdims": True})
