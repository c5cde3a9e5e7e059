"""A model as operations between tensors: what is read of any model, and what passes walk."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.models.architecture import Architecture, Call, InputSpec, LayerSpec
from xfblas.models.dense import Dense
from xfblas.models.host_function import HostFunction
from xfblas.models.layer_rules import makes_mask, operations_of
from xfblas.models.operation import CannotRun, Operation, Place
from xfblas.models.pairing import pair
from xfblas.models.placement import output_of
from xfblas.models.scaling import Scale, constants_of
from xfblas.models.stored_weights import StoredWeights
from xfblas.models.tensor_spec import TensorSpec


@dataclass(frozen=True, eq=False)
class DeclaredLayers:
    """What each layer of an architecture consists of, before anything is placed.

    Attributes:
        operations: of each layer that a rule reads, by the layer's id.
        problems: why the others cannot be run.
    """

    operations: dict[int, list[Operation]]
    problems: dict[int, CannotRun]

    @classmethod
    def of(cls, architecture: Architecture) -> "DeclaredLayers":
        """Those of all layers."""
        operations, problems = {}, {}
        for layer in architecture.layers:
            try:
                operations[id(layer)] = operations_of(layer)
            except CannotRun as reason:
                problems[id(layer)] = reason
        return cls(operations, problems)


class OperationGraph:
    """The operations of a model, each placed after those whose tensors it takes.

    Args:
        architecture: the layers and their calls.
        declared: what each layer consists of.
        stored: their weights.
        separate: whether the two came from different places.
        check: called with each operation before it is placed, and its place; raises CannotRun.

    Attributes:
        architecture, where: of the model, and what messages call it.
        inputs, outputs: what it takes and gives.
        operations: in the order of computation.
        alias: the tensor that stands for one that is passed on unchanged.

    Raises:
        UnsupportedModelError: lists every layer that cannot be run, with its class and why.
        InvalidValueError: the weights do not fit the layers.
    """

    def __init__(
        self,
        architecture: Architecture,
        declared: DeclaredLayers,
        stored: StoredWeights,
        separate: bool,
        check: Callable[[Operation, Place], None] | None = None,
    ):
        self.architecture, self.where, self._check = architecture, stored.where, check
        raise_if_any(_problems_of(architecture, declared), self.where)
        weights = _paired_weights(architecture, declared, stored, separate)
        self.operations: list[Operation] = []
        self.alias: dict[str, str] = {}
        self.inputs = tuple(
            TensorSpec(spec.name, self._input_shape(spec, declared, weights), spec.dtype, spec.key)
            for spec in architecture.inputs
        )
        self._shapes = {spec.name: spec.shape for spec in self.inputs}
        problems = []
        for call in architecture.calls:
            try:
                self._add(call, declared.operations[id(call.layer)], weights)
            except CannotRun as reason:
                problems.append((call.layer, reason))
        raise_if_any(problems, self.where)
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

    def _add(self, call: Call, declared: list[Operation], weights: dict[int, dict]) -> None:
        """Places the operations of one call."""
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

    def _input_shape(self, spec: InputSpec, declared: DeclaredLayers, weights: dict[int, dict]):
        """Of an input; where nothing states it, the first weights after it tell the width."""
        if spec.shape not in (None, (None,)):
            return spec.shape
        tensor = spec.name
        for call in self.architecture.calls:
            if call.inputs != (tensor,):
                continue
            for operation in declared.operations[id(call.layer)]:
                found = _told_shape(operation, weights.get(id(operation), {}), self.where)
                if found is not None:
                    return found
                if isinstance(operation, HostFunction) and operation.function == "embedding":
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
    if isinstance(operation, Dense) and weights["kernel"].ndim == 2:
        return weights["kernel"].shape[:1]
    if isinstance(operation, Scale):
        shape = constants_of(operation, weights, where).scale.shape
        return shape or None
    return None


def _problems_of(architecture, declared):
    """(layer, reason) of every layer that keeps the model from running."""
    problems = {id(layer): problem for layer, problem in architecture.unused}
    for call in architecture.calls:
        problems[id(call.layer)] = problems.get(id(call.layer)) or call.problem
    masking = [layer for layer in architecture.layers if makes_mask(layer)]
    found = []
    for layer in architecture.layers:
        problem = problems.get(id(layer)) or declared.problems.get(id(layer))
        operations = declared.operations.get(id(layer), [])
        if problem is None and masking and any(part.uses_mask for part in operations):
            problem = f"it may skip what {masking[0]} masks, which is not supported"
        if problem is not None:
            found.append((layer, problem))
    return found


def _paired_weights(architecture, declared, stored, separate) -> dict[int, dict]:
    """The weights of each operation that has any, by the operation's id."""
    # A layer may have several operations, of which one holds its weights. The file's order of
    # layers is that in which Keras stores the weights.
    holders = [
        part
        for layer in architecture.layers
        for part in declared.operations[id(layer)]
        if part.weights
    ]
    if holders and not stored.layers:
        raise InvalidValueError(f"{stored.where} has no weights: build or train it first")
    specs, kinds = [part.layer for part in holders], [part.weights for part in holders]
    paired = pair(specs, kinds, stored, separate)
    return {id(part): arrays for part, arrays in zip(holders, paired, strict=True)}


def raise_if_any(problems: list[tuple[LayerSpec, CannotRun | str]], where: str) -> None:
    """Raises an UnsupportedModelError with a line for each problem, if there are any."""
    if problems:
        lines = "".join(f"\n  {layer}: {reason}" for layer, reason in problems)
        raise UnsupportedModelError(f"{where} cannot be run:{lines}")
