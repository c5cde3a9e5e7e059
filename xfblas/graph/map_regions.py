"""Which operations of a model are computed together over feature maps, as one step of the engine.

A region has one input tensor and one output tensor; whatever lies between, skips and merges too, is
inside. It starts at a tensor and takes, in the order of computation, every operation whose inputs
it has. Wherever all but the last of its tensors are needed by nothing else, it could end; the last
such place that the engine can end at is taken. A region without a convolution is none: dense layers
alone are chains, which have a way of their own (:mod:`~xfblas.graph.segments`).
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from xfblas.layers.dense import Dense
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import Operation
from xfblas.layers.scaling import Scale
from xfblas.layers.table import Table
from xfblas.layers.window_operation import WindowOperation

CONVOLUTIONS = ("convolution", "depthwise_convolution", "transposed_convolution")
#: Merges of maps that all have one shape.
SUMS = ("add", "subtract", "average")
REDUCTIONS = ("mean", "largest")


@dataclass(frozen=True, eq=False)
class MapRegion:
    """Operations with one input and one output.

    Attributes:
        operations: in the order of computation.
    """

    is_for_engine = False

    operations: tuple[Operation, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tensor that comes from outside."""
        given = {operation.output for operation in self.operations}
        taken = dict.fromkeys(t for one in self.operations for t in one.inputs if t not in given)
        return tuple(taken)

    @property
    def output(self) -> str:
        """What the last operation gives."""
        return self.operations[-1].output


def is_channels_first(operations: Iterable[Operation]) -> bool:
    """Whether a model's maps have their channels first."""
    return any(
        isinstance(one, WindowOperation) and one.parameters.get("channels_first")
        for one in operations
    )


def is_on_maps(operation: Operation, channels_first: bool) -> bool:
    """Whether the engine computes an operation as part of a region."""
    place = operation.place
    shapes = (*place.shapes, operation.shape)
    if any(None in shape or not 1 <= len(shape) <= 3 for shape in shapes):
        return False
    if isinstance(operation, Table):
        return True
    host = operation if isinstance(operation, HostOperation) else operation.on_host()
    function, parameters, arrays = host.function, host.parameters, host.arrays
    shape, rank = place.shapes[0], len(place.shapes[0])
    channel = 1 if channels_first and rank > 1 else rank
    spatial = [axis for axis in range(1, rank + 1) if axis != channel]
    if isinstance(host, WindowOperation):
        return bool(parameters.get("channels_first", False)) == channels_first
    if function in ("pad", "crop"):
        widths = {axis: sum(pair) for axis, pair in enumerate(parameters["widths"], 1)}
        return rank > 1 and not widths.get(channel, 0)
    if function == "concatenate":
        axis = parameters["axis"]
        return (axis if axis > 0 else rank + 1 + axis) == channel
    if function in SUMS:
        return len(set(place.shapes)) == 1
    if function == "scale":
        sizes = arrays["scale"].shape
        aligned = (1,) * (rank - len(sizes)) + sizes
        return all(size == 1 for axis, size in enumerate(aligned, 1) if axis != channel)
    if function == "dense":
        return channel == rank
    if function == "prelu":
        return arrays["alpha"].size == 1 and bool(abs(arrays["alpha"].reshape(-1)[0]) <= 1)
    if function in REDUCTIONS:
        axes = sorted(axis if axis > 0 else rank + 1 + axis for axis in parameters["axes"])
        return axes == spatial
    if function == "reshape":
        return len(operation.shape) == 1
    if function == "permute":
        # What flattens maps whose channels come first may turn them before.
        return channels_first and parameters["axes"] == [*range(2, rank + 1), 1]
    return function == "relu" and not parameters and len(shape) > 0


def regions_of(
    operations: list[Operation], outputs: Collection[str], kept: Collection[int]
) -> list[MapRegion]:
    """The regions of a model, none of which share operations.

    Args:
        operations: in the order of computation.
        outputs: tensors that the model gives.
        kept: ids of operations that the host shall compute.
    """
    first = is_channels_first(operations)
    fit = [id(one) not in kept and is_on_maps(one, first) for one in operations]
    readers: dict[str, int] = {}
    for one in operations:
        for tensor in set(one.inputs):
            readers[tensor] = readers.get(tensor, 0) + 1
    _exclude_rows(operations, fit)
    found = []
    free = [index for index, is_fit in enumerate(fit) if is_fit]
    while free:
        region = _region(operations, free, readers, outputs)
        taken = set(region)
        if any(_function(operations[index]) in CONVOLUTIONS for index in region):
            found.append(MapRegion(tuple(operations[index] for index in region)))
            free = [index for index in free if index not in taken]
        else:
            free = free[1:]
    return found


def _exclude_rows(operations, fit) -> None:
    """Rows of a whole map's values go to dense layers, or out of the model; else to the host."""
    readers: dict[str, list[int]] = {}
    for index, one in enumerate(operations):
        for tensor in one.inputs:
            readers.setdefault(tensor, []).append(index)
    for index in reversed(range(len(operations))):
        one = operations[index]
        if not fit[index] or math.prod(one.place.shapes[0][:-1]) == 1:
            continue
        after = [operations[other] for other in readers.get(one.output, [])]
        if _function(one) == "reshape":
            rows = {t for scale in after if isinstance(scale, Scale) for t in [scale.output]}
            after += [operations[i] for t in rows for i in readers.get(t, [])]
            fit[index] = all(isinstance(other, Dense | Scale) for other in after)
        elif _function(one) == "permute":
            fit[index] = all(
                fit[i] and _function(operations[i]) == "reshape"
                for i in readers.get(one.output, [])
            )


def _region(operations, free, readers, outputs):
    """The region that starts with the first free operation; empty where it cannot end."""
    start = operations[free[0]]
    if len(set(start.inputs)) > 1:
        return []
    known = {start.inputs[0]}
    waiting: dict[str, int] = {}  # Readers of the region's tensors that it has not met yet.
    taken, end = [], 0
    for index in free:
        one = operations[index]
        if not set(one.inputs) <= known:
            continue
        taken.append(index)
        for tensor in set(one.inputs) & set(waiting):
            waiting[tensor] -= 1
        known.add(one.output)
        waiting[one.output] = readers.get(one.output, 0) + (one.output in outputs)
        needed = [tensor for tensor, count in waiting.items() if count]
        if needed == [one.output] and not isinstance(one, Table):
            end = len(taken)
    return taken[:end]


def _function(operation):
    return getattr(operation, "function", "")
