"""The kinds of steps of a model: chains and maps on the engine, functions on the host."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from xfblas.arrays import describe, seen
from xfblas.errors import InvalidValueError
from xfblas.graph.network import Network
from xfblas.layers.host_functions import compute

#: Values of input maps that the host's functions take at once, many times as many come of them.
FRAME_VALUES = 2**18


@dataclass(frozen=True, eq=False)
class EngineStep:
    """A chain of layers that the engine computes.

    Attributes:
        name: of its first layer; unique in the graph.
        input: tensor whose last axis the network takes; the axes before it are rows.
        output: tensor of the same shape but for the last axis.
        network: its output activation is 'linear'.
        reason: why it is where it is, for reports.
    """

    name: str
    input: str
    output: str
    network: Network
    reason: str = "dense layers"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors that the step takes."""
        return (self.input,)

    def compute(self, values: np.ndarray, engine: Callable | None = None) -> np.ndarray:
        """float32 (..., n) of values (..., k); ``engine(step, rows)`` computes (m, k) -> (m, n)."""
        network, units = self.network, self.network.input_units
        if values.ndim < 2 or values.shape[-1] != units:
            raise InvalidValueError(
                f"step {self.name}: its input {self.input} has shape {values.shape}, expected "
                f"{units} values on the last axis"
            )
        # What the host computed in double is not rounded before its center is gone.
        dtype = np.float32 if network.center is None else np.result_type(values, np.float32)
        rows = np.ascontiguousarray(values, dtype).reshape(-1, units)
        if engine is None:
            found = self.outputs_of(rows)
        else:
            found = seen(
                f"what engine returned for step {self.name}", engine(self, rows), np.float32
            )
        if found.size != len(rows) * network.output_units:
            raise InvalidValueError(
                f"step {self.name}: engine returned {describe(found)}, expected "
                f"{len(rows)} rows of {network.output_units}"
            )
        return found.reshape(*values.shape[:-1], network.output_units)

    def outputs_of(self, rows: np.ndarray) -> np.ndarray:
        """(m, n) float32, what its layers compute in float of rows (m, k)."""
        return self.network.outputs_of(rows)[-1]


@dataclass(frozen=True, eq=False)
class HostStep:
    """One function that the host computes.

    Attributes:
        name: of the layer; unique in the graph.
        inputs: tensors that it takes.
        output: the tensor that it gives.
        function: key of :data:`~xfblas.layers.host_functions.FUNCTIONS`.
        parameters: its settings, JSON-able.
        arrays: its weights, by kind.
        reason: why the engine does not compute it, for reports.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    function: str
    parameters: dict = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    reason: str = ""

    def compute(self, values: Sequence[np.ndarray], dtype=np.float32) -> np.ndarray:
        """float32, batch first, of the inputs' values in their order; or in float64."""
        inside = np.float64 if self.takes_double else dtype
        if inside == np.float64:
            values = [value.astype(inside, copy=False) for value in values]
        arrays = {kind: np.asarray(array, inside) for kind, array in self.arrays.items()}
        return compute(self.function, values, self.parameters, arrays, dtype)

    @property
    def takes_double(self) -> bool:
        """Whether it subtracts means that may be large, in double."""
        return self.function == "scale" and "center" in self.arrays


@dataclass(frozen=True, eq=False)
class MapStep:
    """What the engine computes over feature maps, from one tensor to another.

    Attributes:
        name: of its first convolution; unique in the graph.
        input: tensor that it takes.
        output: tensor that it gives.
        steps: the same as functions of the host, in the order of computation.
        input_shape: of one row of the input.
        shapes: of one row of what each of these gives.
        channels_first: whether maps have their channels first.
        reason: why it is where it is, for reports.
    """

    name: str
    input: str
    output: str
    steps: tuple[HostStep, ...]
    input_shape: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    channels_first: bool = False
    reason: str = "convolutions"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors that the step takes."""
        return (self.input,)

    def compute(self, values: np.ndarray, engine: Callable | None = None) -> np.ndarray:
        """float32 (m, ...) of values (m, *input_shape); ``engine(step, values)`` likewise."""
        if values.shape[1:] != self.input_shape:
            raise InvalidValueError(
                f"step {self.name}: its input {self.input} has shape {values.shape}, expected "
                f"(rows, {', '.join(map(str, self.input_shape))})"
            )
        values = np.ascontiguousarray(values, np.float32)
        if engine is None:
            return self.outputs_of(values)
        found = seen(f"what engine returned for step {self.name}", engine(self, values), np.float32)
        if found.shape != (len(values), *self.output_shape):
            raise InvalidValueError(
                f"step {self.name}: engine returned {describe(found)}, expected "
                f"({len(values)}, {', '.join(map(str, self.output_shape))})"
            )
        return found

    def outputs_of(self, values: np.ndarray) -> np.ndarray:
        """What its functions compute in float."""
        found = {}

        def keep(name, tensor):
            found[name] = tensor

        parts = []
        for first in range(0, max(len(values), 1), self.frames_at_once):
            self.run(values[first : first + self.frames_at_once], keep, (self.output,))
            parts.append(found.pop(self.output))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Of one row of the output."""
        return self.shapes[-1]

    @property
    def frames_at_once(self) -> int:
        """Frames whose maps the host keeps at a time."""
        return max(1, FRAME_VALUES // max(1, math.prod(self.input_shape)))

    def run(
        self, values: np.ndarray, see: Callable[[str, np.ndarray], None], names: Collection[str]
    ) -> None:
        """Computes all tensors in float, and shows those of some names; none stays longer.

        Args:
            values: (m, *input_shape) float32.
            see: called with a tensor's name and its values.
            names: of the tensors that it is called with.
        """
        left = Counter(tensor for step in self.steps for tensor in step.inputs)
        tensors = {self.input: values}
        if self.input in names:
            see(self.input, values)
        for step in self.steps:
            tensors[step.output] = step.compute([tensors[tensor] for tensor in step.inputs])
            if step.output in names:
                see(step.output, tensors[step.output])
            for tensor in step.inputs:
                left[tensor] -= 1
                if not left[tensor]:
                    tensors.pop(tensor, None)
