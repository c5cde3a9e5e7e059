"""The two kinds of steps of a model: chains of layers on the engine, functions on the host."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from xfblas.arrays import describe, seen
from xfblas.errors import InvalidValueError
from xfblas.graph.network import Network
from xfblas.layers.host_functions import compute


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
            found = network.outputs_of(rows)[-1]
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
