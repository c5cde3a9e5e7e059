"""A model as operations between tensors: what is read of any model, and what passes walk."""

import math
from collections.abc import Callable

import numpy as np

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph.tensor_spec import TensorSpec
from xfblas.keras_files.architecture import Architecture, Call, InputSpec, LayerSpec
from xfblas.keras_files.pairing import pair
from xfblas.keras_files.stored_weights import StoredWeights
from xfblas.layers.dense import Dense
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.layer_rules import makes_mask, operations_of
from xfblas.layers.operation import CannotRun, Operation, Place
from xfblas.layers.placement import output_of
from xfblas.layers.scaling import Scale, constants_of


class DeclaredLayers:
    """What each layer of a model consists of, before anything is placed.

    Attributes:
        architecture: the layers and their calls.
        problems: why layers cannot be run, by the layer's id.

    Args:
        architecture: see above.
        rule: gives the operations of a layer, or raises CannotRun; by default that of Keras.
    """

    def __init__(
        self,
        architecture: Architecture,
        rule: Callable[[LayerSpec], list[Operation]] = operations_of,
    ):
        self.architecture = architecture
        self.problems: dict[int, CannotRun | str] = {
            id(layer): problem for layer, problem in architecture.unused
        }
        for call in architecture.calls:
            if call.problem is not None:
                self.problems.setdefault(id(call.layer), call.problem)
        self._operations: dict[int, list[Operation]] = {}
        for layer in architecture.layers:
            try:
                self._operations[id(layer)] = rule(layer)
            except CannotRun as reason:
                self.problems.setdefault(id(layer), reason)

    def of(self, layer: LayerSpec) -> list[Operation]:
        """The operations of a layer; none where it cannot be run."""
        return self._operations.get(id(layer), [])

    def with_weights(self) -> list[Operation]:
        """The operations that have weights; a layer has one at most."""
        # The file's order of layers is that in which Keras stores the weights.
        return [
            part for layer in self.architecture.layers for part in self.of(layer) if part.weights
        ]


class OperationGraph:
    """The operations of a model, each placed after those whose tensors it takes.

    Args:
        declared: the layers, and what each consists of.
        stored: their weights.
        separate: whether the two came from different places.
        check: called with each operation before it is placed, and its place; raises CannotRun.

    Attributes:
        declared: the layers.
        where: what messages call the model.
        inputs, outputs: what it takes and gives.
        operations: in the order of computation.
        alias: the tensor that stands for one that is passed on unchanged.

    Raises:
        UnsupportedModelError: lists every layer that cannot be run, with its class and why.
        InvalidValueError: the weights do not fit the layers.
    """

    def __init__(
        self,
        declared: DeclaredLayers,
        stored: StoredWeights,
        separate: bool,
        check: Callable[[Operation, Place], None] | None = None,
    ):
        self.declared, self.where, self._check = declared, stored.where, check
        architecture = declared.architecture
        if problems := _problems_of(declared):
            raise unsupported(problems, self.where)
        weights = _paired_weights(declared.with_weights(), stored, separate)
        self.operations: list[Operation] = []
        self.alias: dict[str, str] = {}
        self.inputs = tuple(
            TensorSpec(spec.name, self._input_shape(spec, weights), spec.dtype, spec.key)
            for spec in architecture.inputs
        )
        self._shapes = {spec.name: spec.shape for spec in self.inputs}
        problems = []
        for call in architecture.calls:
            try:
                self._add(call, weights)
            except CannotRun as reason:
                problems.append((call.layer, reason))
        if problems:
            raise unsupported(problems, self.where)
        ends = [self._resolve(tensor) for tensor in architecture.outputs]
        self.outputs = tuple(
            TensorSpec(tensor, self._shapes[tensor], key=key)
            for tensor, key in zip(ends, architecture.output_keys, strict=True)
        )
        self._drop_unneeded()

    def _resolve(self, tensor):
        """The tensor that holds the values."""
        while tensor in self.alias:
            tensor = self.alias[tensor]
        return tensor

    def _add(self, call: Call, weights: dict[int, dict]) -> None:
        """Places the operations of one call."""
        declared = self.declared.of(call.layer)
        inputs = tuple(self._resolve(tensor) for tensor in call.inputs)
        takes_several = bool(declared) and declared[0].takes_several
        if len(inputs) != 1 and not takes_several:
            raise CannotRun(f"takes {len(inputs)} inputs, expected 1")
        if len(inputs) < 2 and takes_several and call.layer.class_name != "Concatenate":
            raise CannotRun(f"takes {len(inputs)} inputs, expected 2 or more")
        if any(tensor not in self._shapes for tensor in inputs):
            return  # What comes before could not be run either.
        indices = {spec.name for spec in self.inputs if spec.dtype == "int64"}
        for index, operation in enumerate(declared):
            if operation.does_nothing:
                continue
            output = output_of(call.output, declared[index + 1 :])
            if operation.part_name and output != call.output:
                output = f"{call.output}:{operation.part_name}"
            elif output in self._shapes:
                output = f"{call.output}:{index}"  # A layer of more than two parts.
            shapes = tuple(self._shapes[tensor] for tensor in inputs)
            dtypes = tuple(np.int64 if tensor in indices else np.float32 for tensor in inputs)
            place = Place(inputs, output, shapes, dtypes, self.where)
            if self._check is not None:
                self._check(operation, place)
            placed = operation.at(place, weights.get(id(operation), {}))
            if placed is not None:
                self.operations.append(placed)
                self._shapes[output] = placed.shape
                inputs = (output,)
        if inputs[0] != call.output:
            self.alias[call.output] = inputs[0]

    def _input_shape(self, spec: InputSpec, weights: dict[int, dict]):
        """Of an input; where nothing states it, the first weights after it tell the width."""
        if spec.shape not in (None, (None,)):
            return spec.shape
        tensor = spec.name
        for call in self.declared.architecture.calls:
            if call.inputs != (tensor,):
                continue
            for operation in self.declared.of(call.layer):
                found = _told_shape(operation, weights.get(id(operation), {}), self.where)
                if found is not None:
                    return found
                if isinstance(operation, HostOperation) and operation.function == "embedding":
                    return spec.shape or (None,)
            tensor = call.output
        if spec.shape is not None:
            return spec.shape
        raise UnsupportedModelError(
            f"{self.where} cannot be run: the shape of its input {spec.name} is not stated, and no "
            "weights tell it"
        )

    def _drop_unneeded(self):
        """Keeps what an output depends on."""
        wanted, kept = {spec.name for spec in self.outputs}, []
        for operation in reversed(self.operations):
            if operation.output in wanted:
                wanted |= set(operation.inputs)
                kept.append(operation)
        self.operations = kept[::-1]


def _told_shape(operation, weights, where):
    """The shape of the rows that an operation takes, if its constants tell it."""
    if isinstance(operation, Dense):
        kernel = weights.get("kernel", operation.kernel)
        return kernel.shape[:1] if kernel.ndim == 2 else None
    if isinstance(operation, Scale):
        shape = constants_of(operation, weights, where).scale.shape
        # One constant alone is for rows of any size.
        return shape if shape and (weights or math.prod(shape) > 1) else None
    return None


def _problems_of(declared):
    """(layer, reason) of every layer that keeps the model from running."""
    layers = declared.architecture.layers
    masking = [layer for layer in layers if makes_mask(layer)]
    found = []
    for layer in layers:
        problem = declared.problems.get(id(layer))
        if problem is None and masking and any(part.uses_mask for part in declared.of(layer)):
            problem = f"it may skip what {masking[0]} masks, which is not supported"
        if problem is not None:
            found.append((layer, problem))
    return found


def _paired_weights(holders, stored, separate) -> dict[int, dict]:
    """The weights of each operation that has any, by the operation's id."""
    if holders and not stored.layers:
        raise InvalidValueError(f"{stored.where} has no weights: build or train it first")
    kinds: dict[int, tuple[str, ...]] = {}
    for part in holders:
        kinds[id(part.layer)] = (*kinds.get(id(part.layer), ()), *part.weights)
    specs = list({id(part.layer): part.layer for part in holders}.values())
    paired = dict(zip(kinds, pair(specs, list(kinds.values()), stored, separate), strict=True))
    return {
        id(part): {k: v for k, v in paired[id(part.layer)].items() if k in part.weights}
        for part in holders
    }


def unsupported(problems: list[tuple[LayerSpec, CannotRun | str]], where: str):
    """The UnsupportedModelError with a line for each problem."""
    lines = "".join(f"\n  {layer}: {reason}" for layer, reason in problems)
    return UnsupportedModelError(f"{where} cannot be run:{lines}")
