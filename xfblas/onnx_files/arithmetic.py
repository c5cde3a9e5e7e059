"""Operators on each value: arithmetic with constants or tensors, and normalizations."""

import numpy as np

from xfblas.layers.operation import CannotRun, Operation
from xfblas.layers.scaling import Scale
from xfblas.onnx_files.node import Node, converts
from xfblas.onnx_files.values import Tensor

_MERGES = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide"}
_SEVERAL = {"Sum": "add", "Mean": "average", "Max": "maximum", "Min": "minimum"}
#: What Pow by a constant is called.
_POWERS = {1.0: "linear", 2.0: "square", 0.5: "square_root"}


@converts(*_MERGES)
def _binary(node: Node) -> list[Operation]:
    """Of two tensors a merge, of a tensor and a constant a scaling."""
    name = node.operator
    if len(node.tensors) == 2:
        return node.host(_MERGES[name], same_rank=True)
    if len(node.values) != 2:
        raise CannotRun(f"has {len(node.values)} inputs, expected 2")
    is_first = isinstance(node.values[0], Tensor)
    constant = node.constant(1 if is_first else 0, "constant").astype(np.float64)
    one, zero = np.ones(()), np.zeros(())
    if name == "Add":
        return node.scaling(one, constant)
    if name == "Sub":
        return node.scaling(*((one, -constant) if is_first else (-one, constant)))
    if name == "Mul":
        return node.scaling(constant, zero)
    if not is_first or not constant.all():
        raise CannotRun("divides by a tensor or by 0, expected a constant that is not 0")
    return node.scaling(1 / constant, zero)


@converts(*_SEVERAL)
def _several(node: Node) -> list[Operation]:
    name = node.operator
    if len(node.tensors) == len(node.values):
        if len(node.values) == 1:
            return []
        return node.host(_SEVERAL[name], same_rank=True)
    if len(node.values) != 2 or name == "Mean":
        raise CannotRun("takes constants beside tensors, expected two inputs")
    index = 1 if isinstance(node.values[0], Tensor) else 0
    if name == "Sum":
        return node.scaling(np.ones(()), node.constant(index, "constant"))
    limit = node.constant(index, "limit")
    if limit.size != 1 or limit.ndim > node.tensors[0].rank:
        raise CannotRun(f"its constant has the shape {limit.shape}, expected one number")
    smallest, largest = (limit.item(), None) if name == "Max" else (None, limit.item())
    return node.host("clip", {"smallest": smallest, "largest": largest})


@converts("Neg")
def _negative(node: Node) -> list[Operation]:
    return node.scaling(-np.ones(()), np.zeros(()))


@converts("Pow")
def _power(node: Node) -> list[Operation]:
    node.tensor(0)
    exponent = node.constant(1, "exponent")
    power = float(exponent.reshape(-1)[0]) if exponent.size == 1 else None
    if power not in _POWERS or exponent.ndim > node.tensors[0].rank:
        raise CannotRun(f"its exponent is {power}, expected one of {list(_POWERS)}")
    return [] if power == 1 else node.host(_POWERS[power])


@converts("BatchNormalization")
def _batch_normalization(node: Node) -> list[Operation]:
    if node.attribute("training_mode", 0) or not node.attribute("spatial", 1):
        raise CannotRun("normalizes each batch anew, or each value, expected training_mode 0")
    if node.tensor(0).rank < 2:
        raise CannotRun("its input has no axis of channels")
    kinds = ("gamma", "beta", "moving_mean", "moving_variance")
    arrays = {
        kind: node.constant(index, kind).astype(np.float64)
        for index, kind in enumerate(kinds, start=1)
    }
    channels = node.tensor(0).shape[0]
    for kind, values in arrays.items():
        if values.ndim != 1 or channels not in (None, values.size):
            raise CannotRun(f"{kind} has the shape {values.shape}, expected ({channels},)")
    return [Scale(node.layer, "batch", (1,), arrays, node.attribute("epsilon", 1e-5))]


@converts("LayerNormalization")
def _layer_normalization(node: Node) -> list[Operation]:
    arrays = {"gamma": node.constant(1, "scale")}
    if node.has(2):
        arrays["beta"] = node.constant(2, "bias")
    return _normalization(node, "layer_normalization", arrays)


@converts("RMSNormalization")
def _rms_normalization(node: Node) -> list[Operation]:
    return _normalization(node, "rms_normalization", {"gamma": node.constant(1, "scale")})


def _normalization(node, function, arrays):
    rank = node.tensor(0).rank
    axes = list(range(node.axis(node.attribute("axis", -1), rank), rank))
    sizes = node.tensor(0).shape[axes[0] - 1 :]
    if any(values.shape != sizes for values in arrays.values()):
        raise CannotRun(f"scale and bias have not the shape {sizes} of what is normalized")
    parameters = {"axes": axes, "epsilon": node.attribute("epsilon", 1e-5)}
    return node.host(function, parameters, arrays)
