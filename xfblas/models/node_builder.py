"""Every step of a model as a node between tensors of known shape."""

import math

import numpy as np

from xfblas.models.architecture import Architecture
from xfblas.models.node import Node, rectifier
from xfblas.models.placement import output_of, why_on_host
from xfblas.models.result_shape import result_shape
from xfblas.models.scaling import constants_of, placed, wrong_shape
from xfblas.models.step import CannotRun, Step

#: Functions of several tensors; all others take one.
MERGES = (
    *("add", "subtract", "multiply", "divide", "average", "maximum", "minimum"),
    *("concatenate", "dot"),
)
#: A negative slope above 1 would overflow the engine's 16 bits where the sum itself does not.
LARGEST_SLOPE = 1.0


class NodeBuilder:
    """Makes the nodes of one call after the other.

    Args:
        architecture: the model.
        shapes: of its inputs, by tensor; changed as nodes are made.
        where: what messages call it.

    Attributes:
        nodes: in the order of computation.
        alias: the tensor that stands for one that is passed on unchanged.
    """

    def __init__(self, architecture: Architecture, shapes: dict[str, tuple], where: str):
        self._where = where
        self._shapes = dict(shapes)
        self._indices = {spec.name for spec in architecture.inputs if spec.dtype == "int64"}
        self.nodes: list[Node] = []
        self.alias: dict[str, str] = {}

    def resolve(self, tensor: str) -> str:
        """The tensor that holds the values."""
        while tensor in self.alias:
            tensor = self.alias[tensor]
        return tensor

    def shape_of(self, tensor: str) -> tuple[int | None, ...]:
        """Of one row."""
        return self._shapes[self.resolve(tensor)]

    def add(self, call, steps: list[Step], weights: dict[int, dict]) -> None:
        """Adds the nodes of one call.

        Raises:
            CannotRun: with the reason.
            InvalidValueError: a weight has the wrong shape.
        """
        inputs = tuple(self.resolve(tensor) for tensor in call.inputs)
        takes_several = bool(steps) and steps[0].kind == "host" and steps[0].value in MERGES
        if len(inputs) != 1 and not takes_several:
            raise CannotRun(f"takes {len(inputs)} inputs, expected 1")
        if len(inputs) < 2 and takes_several and call.layer.class_name != "Concatenate":
            raise CannotRun(f"takes {len(inputs)} inputs, expected 2 or more")
        if any(tensor not in self._shapes for tensor in inputs):
            return  # What comes before could not be run either.
        for index, step in enumerate(steps):
            if step.does_nothing:
                continue
            output = output_of(call.output, steps[index + 1 :])
            node = self._node(step, inputs, output, weights.get(id(step), {}))
            if node is not None:
                self.nodes.append(node)
                inputs = (output,)
        if inputs[0] != call.output:
            self.alias[call.output] = inputs[0]

    def _node(self, step, inputs, output, weights):
        if step.kind == "dense":
            return self._dense(step, inputs, output, weights)
        if step.kind == "scale":
            return self._scale(step, inputs, output, weights)
        if step.kind == "slope":
            return self._slope(step, inputs, output, step.value)
        if step.kind == "shared_slope":
            return self._prelu(step, inputs, output, weights["alpha"])
        if step.kind == "shape":
            return self._reshape(step, inputs, output)
        parameters, reason = dict(step.parameters), why_on_host(step.value)
        rank = len(self._shapes[inputs[0]])
        if step.value == "softmax" and parameters.get("axis") in ([rank], [-1]):
            parameters = {}
        self._require_axes(inputs, parameters)
        if step.same_rank and len({len(self._shapes[tensor]) for tensor in inputs}) > 1:
            raise CannotRun("takes tensors of different rank, whose axes it would not align")
        return self._host(step, inputs, output, step.value, parameters, weights, reason)

    def _require_axes(self, inputs, parameters):
        """Raises where an axis is none of the row's: it could be the batch, counted backwards."""
        axes = parameters.get("axes", parameters.get("axis", []))
        axes = axes if isinstance(axes, list) else [axes]
        ranks = [len(self._shapes[tensor]) for tensor in inputs]
        for index, axis in enumerate(axes):
            rank = ranks[index] if len(ranks) == len(axes) == 2 else min(ranks)
            if not 1 <= abs(axis) <= rank:
                raise CannotRun(f"axis {axis} is none of the row's, whose shape has {rank}")

    def _dense(self, step, inputs, output, weights):
        shape, kernel = self._shapes[inputs[0]], weights["kernel"]
        units = step.value
        if kernel.ndim != 2 or 0 in kernel.shape:
            raise wrong_shape(self._where, step, "kernel", kernel, "(inputs, units)")
        if not shape:
            raise CannotRun("its input has single values as rows, expected an axis")
        width = shape[-1] or kernel.shape[0]
        wanted = (width, kernel.shape[1] if units is None else units)
        if kernel.shape != wanted:
            raise wrong_shape(self._where, step, "kernel", kernel, f"{wanted}")
        if "bias" in weights and weights["bias"].shape != kernel.shape[1:]:
            expected = f"({kernel.shape[1]},)"
            raise wrong_shape(self._where, step, "bias", weights["bias"], expected)
        self._shapes[output] = (*shape[:-1], kernel.shape[1])
        return Node("dense", step, inputs, output, weights)

    def _scale(self, step, inputs, output, weights):
        shape = self._shapes[inputs[0]]
        affine = constants_of(step, weights, self._where)
        affine = affine.each(lambda values: placed(step, values, shape, self._where))
        sizes = affine.scale.shape
        if shape and shape[-1] is not None and affine.scale.size in (1, sizes[-1]):
            units = (shape[-1],)
            affine = affine.each(lambda values: np.broadcast_to(values.reshape(-1), units))
            self._shapes[output] = shape
            return Node("scale", step, inputs, output, affine=affine)
        reason = "its axis is not that of a dense layer"
        return self._host(step, inputs, output, "scale", {}, affine.arrays(), reason)

    def _slope(self, step, inputs, output, slope):
        self._shapes[output] = self._shapes[inputs[0]]
        if abs(slope) > LARGEST_SLOPE:
            reason = f"its slope {slope:g} is above {LARGEST_SLOPE:g}, which could overflow"
            return self._host(step, inputs, output, *rectifier(slope), reason)
        return Node("slope", step, inputs, output, slope=float(slope))

    def _prelu(self, step, inputs, output, alpha):
        shape = self._shapes[inputs[0]]
        sizes = alpha.shape
        fits = len(sizes) == len(shape) and all(
            size in (1, of_row) or of_row is None for size, of_row in zip(sizes, shape, strict=True)
        )
        if not fits or alpha.size == 0:
            raise wrong_shape(self._where, step, "alpha", alpha, f"{shape} or 1 on shared axes")
        if (alpha == alpha.flat[0]).all():
            return self._slope(step, inputs, output, float(alpha.flat[0]))
        reason = f"it has {alpha.size} slopes, but a layer of the engine has one"
        return self._host(step, inputs, output, "prelu", {}, {"alpha": alpha}, reason)

    def _reshape(self, step, inputs, output):
        shape = self._shapes[inputs[0]]
        target = list(step.value) or [-1]
        if None not in shape:
            size, known = math.prod(shape), math.prod(s for s in target if s != -1)
            fits = size == known if -1 not in target else known and size % known == 0
            if not fits or target.count(-1) > 1:
                raise CannotRun(f"rows of shape {shape} cannot take the shape {step.value}")
            target = [size // known if s == -1 else s for s in target]
        if list(shape) == target:
            return None
        parameters = {"shape": [-1] if len(target) == 1 else target}
        return self._host(step, inputs, output, "reshape", parameters, {}, "layout only")

    def _host(self, step, inputs, output, function, parameters, arrays, reason):
        node = Node("host", step, inputs, output)
        node.function, node.parameters, node.arrays = function, parameters, arrays
        node.reason = reason
        shapes = [self._shapes[tensor] for tensor in inputs]
        dtypes = [np.int64 if tensor in self._indices else np.float32 for tensor in inputs]
        self._shapes[output] = result_shape(node, shapes, dtypes)
        return node
