"""Operators that move values: other shapes, orders and parts of a row."""

import math

from xfblas.layers.operation import CannotRun, Operation
from xfblas.layers.reshaping import Reshape
from xfblas.onnx_files.graph_inputs import FLOATS
from xfblas.onnx_files.node import Node, converts
from xfblas.onnx_files.values import BATCHES, Constant

#: Ends beyond this are none: ONNX writes the largest whole number.
_NO_END = 2**31 - 1


@converts("Flatten")
def _flatten(node: Node) -> list[Operation]:
    axis, rank = node.attribute("axis", 1), node.tensor(0).rank
    if (axis + rank if axis < 0 else axis) != 1:
        raise CannotRun(f"axis is {axis}, expected 1: others make rows of the batch's")
    return [Reshape(node.layer, ())]


@converts("Reshape")
def _reshape(node: Node) -> list[Operation]:
    row, given = node.tensor(0).shape, node.values[1] if len(node.values) > 1 else None
    if not isinstance(given, Constant) or given.values.ndim != 1 or not given.values.size:
        raise CannotRun("its shape is not a constant list of sizes")
    first, *target = (int(size) for size in given.values)
    batch, *others = (int(size) for size in given.others)
    if target != others:
        raise CannotRun("its shape has open sizes or the number of rows in it, but for the first")
    copies = not node.attribute("allowzero", 0)
    for index, size in enumerate(target):
        if size == 0 and copies and index < len(row) and row[index] is not None:
            target[index] = row[index]
        elif size < 1 and size != -1:
            raise CannotRun(f"its shape has {size} at {index + 1}, expected known sizes")
    is_batch = (first, batch) == BATCHES or (first == 0 and copies) or first == node.batch
    if first == -1 and first == batch:
        # What is left over is the number of rows only where all else is one row.
        is_batch = None not in row and -1 not in target and math.prod(target) == math.prod(row)
    if not is_batch:
        raise CannotRun(f"its shape is {[first, *target]}, expected the batch first")
    return _in_shape(node, target)


def _in_shape(node, target):
    if target:
        return [Reshape(node.layer, tuple(target))]
    return node.host("reshape", {"shape": []}, reason="layout only")


@converts("Squeeze", "Unsqueeze")
def _squeeze(node: Node) -> list[Operation]:
    row, axes = list(node.tensor(0).shape), node.whole_numbers("axes", 1)
    if node.operator == "Squeeze":
        if axes is None:
            raise CannotRun("has no axes, so that the batch could be one of them")
        axes = {node.axis(axis, len(row) + 1) for axis in axes}
        if any(row[axis - 1] != 1 for axis in axes):
            raise CannotRun(f"axes are {sorted(axes)}, but a row has the shape {tuple(row)}")
        target = [size for axis, size in enumerate(row, start=1) if axis not in axes]
    else:
        rank = len(row) + 1 + len(axes or ())
        target = row
        for axis in sorted(node.axis(axis, rank) for axis in axes or ()):
            target.insert(axis - 1, 1)
    if target.count(None) > 1:
        raise CannotRun(f"a row has the shape {tuple(row)}, expected one open size at most")
    return _in_shape(node, [-1 if size is None else size for size in target])


@converts("Transpose")
def _transpose(node: Node) -> list[Operation]:
    rank = node.tensor(0).rank
    axes = list(node.attribute("perm", list(range(rank))[::-1]))
    if sorted(axes) != list(range(rank)) or axes[0] != 0:
        raise CannotRun(f"perm is {axes}, expected each axis once and the batch first")
    return [] if axes == sorted(axes) else node.host("permute", {"axes": axes[1:]})


@converts("Concat")
def _concat(node: Node) -> list[Operation]:
    if len(node.tensors) != len(node.values):
        raise CannotRun("joins constants to tensors, expected tensors")
    axis = node.axis(node.attribute("axis", 1), node.tensor(0).rank)
    if len(node.values) == 1:
        return []
    return node.host("concatenate", {"axis": axis}, same_rank=True)


@converts("Slice")
def _slice(node: Node) -> list[Operation]:
    rank = node.tensor(0).rank
    starts, ends = node.whole_numbers("starts", 1), node.whole_numbers("ends", 2)
    axes, steps = node.whole_numbers("axes", 3), node.whole_numbers("steps", 4)
    axes = list(range(len(starts or ()))) if axes is None else axes
    steps = [1] * len(axes) if steps is None else steps
    if not starts or not ends or not len(starts) == len(ends) == len(axes) == len(steps):
        raise CannotRun("starts, ends, axes and steps are not as many as each other")
    parts = [[None, None, None] for _ in range(rank - 1)]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        part = [start if abs(start) < _NO_END else None, end if abs(end) < _NO_END else None, step]
        if axis in (0, -rank) and part in ([0, None, 1], [None, None, 1]):
            continue
        if step == 0:
            raise CannotRun("a step is 0")
        parts[node.axis(axis, rank) - 1] = part
    return node.host("take", {"index": parts})


@converts("Split")
def _split(node: Node) -> list[Operation]:
    axis = node.axis(node.attribute("axis", 0), node.tensor(0).rank)
    size, sizes = node.tensor(0).shape[axis - 1], node.whole_numbers("split", 1)
    if size is None:
        raise CannotRun("splits an axis of open size")
    if sizes is None:
        part = -(-size // node.outputs)
        sizes = [min(part, size - index * part) for index in range(node.outputs)]
    if len(sizes) != node.outputs or sum(sizes) != size or min(sizes) < 1:
        raise CannotRun(f"its parts are {sizes}, but the axis has {size} values")
    start = sum(sizes[: node.output])
    part = [start, start + sizes[node.output], None]
    return node.host("take", {"index": [[None, None, None]] * (axis - 1) + [part]})


@converts("Gather")
def _gather(node: Node) -> list[Operation]:
    """One value of an axis; or rows of a constant table, as an embedding has them."""
    axis = node.attribute("axis", 0)
    if isinstance(node.values[0], Constant):
        table = node.constant(0, "table")
        if axis != 0 or table.ndim != 2 or not node.tensor(1).is_whole:
            raise CannotRun("takes other parts of a constant than rows of a table")
        return node.host("embedding", {}, {"embeddings": table})
    index, axis = node.constant(1, "indices"), node.axis(axis, node.tensor(0).rank)
    if index.ndim or index.dtype.kind not in "iu":
        raise CannotRun(f"its indices have the shape {index.shape}, expected one number")
    whole = [[None, None, None]] * (axis - 1)
    return node.host("take", {"index": [*whole, int(index)]})


@converts("Cast")
def _cast(node: Node) -> list[Operation]:
    """All values are float32 here; whole numbers stay whole."""
    if node.attribute("to", 1) not in FLOATS and not node.tensor(0).is_whole:
        raise CannotRun("makes whole numbers of floats, which cuts their fractions off")
    return []
