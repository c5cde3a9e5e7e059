"""Products with a constant matrix: MatMul and Gemm; and of two tensors, which the host computes."""

import numpy as np

from xfblas.layers.dense import Dense
from xfblas.layers.operation import CannotRun, Operation
from xfblas.onnx_files.node import Node, converts
from xfblas.onnx_files.values import Tensor


@converts("MatMul")
def _matmul(node: Node) -> list[Operation]:
    if len(node.tensors) == 2:
        if {tensor.rank for tensor in node.tensors} != {3}:
            raise CannotRun("multiplies two tensors, expected both with rows of two axes")
        return node.host("dot", {"axes": [2, 1], "normalize": False})
    if not isinstance(node.values[0], Tensor):
        raise CannotRun("multiplies from the left by a constant, which would mix the rows")
    return [_dense(node, node.constant(1, "matrix"))]


@converts("Gemm")
def _gemm(node: Node) -> list[Operation]:
    """``alpha * A @ B + beta * C``."""
    if node.attribute("transA", 0):
        raise CannotRun("transA is 1, which would mix the rows")
    if node.tensor(0).rank != 2:
        raise CannotRun(f"its input has {node.tensor(0).rank} axes, expected 2")
    kernel = node.constant(1, "B")
    kernel = kernel.T if node.attribute("transB", 0) else kernel
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    bias = beta * node.constant(2, "C", np.zeros(1)).astype(np.float64)
    if bias.ndim > 1 and len(bias) == 1:
        bias = bias[0]
    units = kernel.shape[-1] if kernel.ndim else 0
    if bias.ndim > 1 or bias.size not in (1, units):
        raise CannotRun(f"C has the shape {bias.shape}, expected one value for each of {units}")
    return [_dense(node, alpha * kernel.astype(np.float64), np.broadcast_to(bias, (units,)))]


def _dense(node, kernel, bias=None):
    width = node.tensor(0).shape[-1] if node.tensor(0).shape else None
    if kernel.ndim != 2 or 0 in kernel.shape or width not in (None, len(kernel)):
        raise CannotRun(
            f"its matrix has the shape {kernel.shape}, expected ({width or 'inputs'}, units)"
        )
    units = kernel.shape[1]
    kernel = np.ascontiguousarray(kernel, np.float32)
    bias = np.zeros(units, np.float32) if bias is None else np.asarray(bias, np.float32)
    return Dense(node.layer, units, kernel=kernel, bias=bias)
