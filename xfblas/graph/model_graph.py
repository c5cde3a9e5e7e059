"""A model of any shape: steps in the order of computation, on the engine and on the host."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from xfblas.checks import require_entries, require_instance, require_sequence, shown
from xfblas.errors import InvalidValueError
from xfblas.graph.graph_steps import EngineStep, HostStep, MapStep
from xfblas.graph.network import Network
from xfblas.graph.tensor_spec import TensorSpec
from xfblas.layers.activations import HOST_FUNCTIONS
from xfblas.layers.curves import CURVES
from xfblas.layers.host_functions import LINEAR
from xfblas.layers.placement import PREACTIVATION, Placement, why_on_host


@dataclass(frozen=True, eq=False)
class ModelGraph:
    """A model as steps, each after those whose tensors it takes.

    Attributes:
        name: the model's.
        inputs: what it takes, in Keras' order.
        outputs: what it gives, in Keras' order.
        steps: in the order of computation.
        placements: where each layer of the Keras model went, in its order; empty where there was
            none.

    Raises:
        InvalidValueError: a step takes a tensor that no step before it gives, or two give one.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    steps: tuple[EngineStep | HostStep | MapStep, ...]
    placements: tuple[Placement, ...] = ()
    _in_double: set[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        require_instance("name", self.name, str)
        for attribute, kinds in (
            ("inputs", (TensorSpec,)),
            ("outputs", (TensorSpec,)),
            ("steps", (EngineStep, HostStep, MapStep)),
            ("placements", (Placement,)),
        ):
            entries = require_entries(attribute, getattr(self, attribute), *kinds)
            object.__setattr__(self, attribute, entries)
        known = {spec.name for spec in self.inputs}
        names = set()
        for step in self.steps:
            missing = [name for name in step.inputs if name not in known]
            if missing:
                raise InvalidValueError(
                    f"graph {self.name}: step {step.name} takes {missing[0]!r}, expected an input "
                    "of the model or the output of an earlier step"
                )
            if step.output in known or step.name in names:
                raise InvalidValueError(
                    f"graph {self.name}: step {step.name} and its output {step.output!r} must "
                    "have names of their own"
                )
            known.add(step.output)
            names.add(step.name)
        object.__setattr__(self, "_in_double", self._computed_in_double())
        missing = [spec.name for spec in self.outputs if spec.name not in known]
        if missing or not self.outputs or not self.inputs:
            raise InvalidValueError(
                f"graph {self.name}: no step gives its output {missing[:1]}, expected inputs, "
                "outputs, and a step for each"
            )

    def _computed_in_double(self) -> set[str]:
        """Tensors of the host that are kept in float64, for steps that subtract a center later."""
        wanted = set()
        for step in reversed(self.steps):
            if isinstance(step, EngineStep):
                takes_double = step.network.center is not None
            elif isinstance(step, MapStep):
                takes_double = False
            else:
                is_linear = step.output in wanted and step.function in LINEAR
                takes_double = step.takes_double or is_linear
                if not is_linear:
                    wanted.discard(step.output)
            if takes_double:
                wanted.update(step.inputs)
        return wanted

    @classmethod
    def from_network(
        cls,
        network: Network,
        given: str = "input",
        input_key: str | None = None,
        output_key: str | None = None,
        rows: str | None = None,
    ) -> "ModelGraph":
        """The graph of one chain: what :meth:`as_network` turns back.

        Args:
            network: the chain.
            given: name of the input tensor.
            input_key, output_key: keys where the model takes or gives a dict.
            rows: name of the flattened input.
        """
        require_instance("network", network, Network)
        for label, value in (("input_key", input_key), ("output_key", output_key), ("rows", rows)):
            if value is not None:
                require_instance(label, value, str)
        require_instance("given", given, str)
        inputs = (TensorSpec(given, network.input_shape, key=input_key),)
        outputs = (TensorSpec(network.output, (network.output_units,), key=output_key),)
        steps: list[EngineStep | HostStep | MapStep] = []
        tensor, found, function = given, network.output, network.output_activation
        if len(network.input_shape) != 1:
            tensor = rows or f"{given}:rows"
            layout = {"shape": [-1]}
            steps.append(HostStep(tensor, (given,), tensor, "reshape", layout, {}, "layout only"))
        inside = replace(network, output_activation="linear", input_shape=(network.input_units,))
        reason = "layers " + ", ".join(layer.name for layer in inside.layers)
        logits = found if function == "linear" else found + PREACTIVATION
        steps.append(EngineStep(network.layers[0].name, tensor, logits, inside, reason))
        if function != "linear":
            reason, name = why_on_host(function, function in CURVES), f"{found}:{function}"
            steps.append(HostStep(name, (logits,), found, function, {}, {}, reason))
        return cls(network.name, inputs, outputs, tuple(steps))

    @property
    def engine_steps(self) -> tuple[EngineStep, ...]:
        """The steps that the engine computes."""
        return tuple(step for step in self.steps if isinstance(step, EngineStep))

    @property
    def map_steps(self) -> tuple[MapStep, ...]:
        """The steps that the engine computes over feature maps."""
        return tuple(step for step in self.steps if isinstance(step, MapStep))

    @property
    def gathered_values(self) -> int:
        """Values that the host gathers of one row for the products of a convolution; 0 without."""
        widths = {step.input: step.network.input_units for step in self.engine_steps}
        widths |= {step.input: step.input_shape[-1] for step in self.map_steps}
        most = 0
        for step in self.steps:
            if isinstance(step, HostStep) and step.function == "gather_windows":
                windows = step.parameters["windows"]
                taps = math.prod(len(seen[0]) for seen in windows)
                width = widths.get(step.output, taps)
                most = max(most, width * math.prod(len(seen) for seen in windows))
        return most

    def forward(self, inputs: Any) -> list[np.ndarray]:
        """The outputs, float32, as Keras' ``predict`` gives them.

        Args:
            inputs: list of one array for each input, (m, *shape); a single array where the model
                takes one.

        Raises:
            InvalidValueError: another number of inputs, or one of another shape or not finite.
        """
        tensors = self.run(inputs)
        return [np.asarray(tensors[spec.name], np.float32) for spec in self.outputs]

    def run(
        self,
        inputs: Any,
        engine: Callable[..., np.ndarray] | None = None,
        watch: Callable[[HostStep], AbstractContextManager[None]] | None = None,
    ) -> dict[str, np.ndarray]:
        """Every tensor by name, the inputs included.

        Args:
            inputs: as for :meth:`forward`.
            engine: computes an engine step: ``engine(step, rows)`` of float32 (m, k), or float64
                where its network has a center, gives float32 (m, n); by default the step's float
                layers.
            watch: is called with each host step, for a block in which it is computed.

        Raises:
            InvalidValueError: another number of inputs, or one of another shape or not finite.
        """
        tensors = self.tensors_of(inputs)
        if engine is not None and not _is_function(engine):
            raise InvalidValueError(f"engine is {shown(engine)}, expected a function")
        if watch is not None and not _is_function(watch):
            raise InvalidValueError(f"watch is {shown(watch)}, expected a function")
        for step in self.steps:
            if isinstance(step, EngineStep | MapStep):
                tensors[step.output] = step.compute(tensors[step.input], engine)
            else:
                dtype = np.float64 if step.output in self._in_double else np.float32
                values = [tensors[name] for name in step.inputs]
                with nullcontext() if watch is None else watch(step):
                    tensors[step.output] = step.compute(values, dtype)
        return tensors

    def tensors_of(self, inputs: Any) -> dict[str, np.ndarray]:
        """The inputs by name, checked and converted to what the steps take."""
        if isinstance(inputs, np.ndarray):
            inputs = [inputs]
        if not isinstance(inputs, (list, tuple)) or len(inputs) != len(self.inputs):
            given = len(inputs) if isinstance(inputs, (list, tuple)) else type(inputs).__name__
            names = ", ".join(spec.name for spec in self.inputs)
            raise InvalidValueError(
                f"inputs are {given}, expected a list of {len(self.inputs)} arrays: {names}"
            )
        pairs = zip(self.inputs, inputs, strict=True)
        tensors = {spec.name: spec.convert(value) for spec, value in pairs}
        rows = {name: len(values) for name, values in tensors.items()}
        if len(set(rows.values())) > 1:
            raise InvalidValueError(f"inputs have {rows} rows, expected the same number in each")
        return tensors

    def with_columns(self, columns: Any) -> "ModelGraph":
        """The same, with the names of each input's columns; None for an input without.

        Names that are not one for each value of a row are left out.
        """
        require_sequence("columns", columns, f"a list of {len(self.inputs)}, one for each input")
        if len(columns) != len(self.inputs):
            raise InvalidValueError(
                f"columns has {len(columns)} entries, expected {len(self.inputs)}, one for each "
                "input"
            )
        for index, names in enumerate(columns):
            if names is not None:
                require_entries(f"columns[{index}]", names, str)
        inputs = [
            replace(spec, columns=names if names and (len(names),) == spec.shape else None)
            for spec, names in zip(self.inputs, columns, strict=True)
        ]
        return replace(self, inputs=tuple(inputs))

    def as_network(self) -> Network | None:
        """The fast path: one chain with at most a host's activation after it, else None.

        A flattening of the input before the chain is part of the network, which takes rows of any
        shape.
        """
        steps, given = list(self.steps), self.inputs[0].shape
        shape = tuple(size for size in given if size is not None)
        if len(self.inputs) != 1 or len(self.outputs) != 1 or shape != given:
            return None
        if steps and _is_flatten(steps[0]) and steps[0].inputs == (self.inputs[0].name,):
            steps.pop(0)
        elif len(shape) != 1:
            return None
        output = self.outputs[0].name
        activation = _activation_of(steps[1]) if len(steps) == 2 else None
        if activation is not None:
            steps.pop()
        if len(steps) != 1 or not isinstance(steps[0], EngineStep):
            return None
        network = steps[0].network
        if output != self.steps[-1].output or math.prod(shape) != network.input_units:
            return None
        network = replace(network, name=self.name, input_shape=shape, output=output)
        return replace(network, output_activation=activation or "linear")

    def describe(self) -> list[tuple[str, str, str]]:
        """(step's name, 'engine' or 'host', reason) of each step, for reports."""
        return [
            (step.name, "host" if isinstance(step, HostStep) else "engine", step.reason)
            for step in self.steps
        ]

    def __repr__(self) -> str:
        engine = len(self.engine_steps) + len(self.map_steps)
        return (
            f"<ModelGraph {self.name}: {len(self.inputs)} inputs, {len(self.outputs)} outputs, "
            f"{engine} engine steps, {len(self.steps) - engine} host steps>"
        )


def _is_function(value: Any) -> bool:
    """Not a class, which is callable too."""
    return callable(value) and not isinstance(value, type)


def _is_flatten(step: EngineStep | HostStep | MapStep) -> bool:
    return (
        isinstance(step, HostStep)
        and step.function == "reshape"
        and step.parameters.get("shape") == [-1]
    )


def _activation_of(step: EngineStep | HostStep | MapStep) -> str | None:
    """The activation that a network may have last, if a step is one."""
    if isinstance(step, HostStep) and step.function in HOST_FUNCTIONS and not step.parameters:
        return step.function
    return None
