"""A streaming network as loops over batches take it."""

from types import SimpleNamespace

import numpy as np

from xfblas.graph import TensorSpec, activate


class BatchEngine:
    """Runs a :class:`~xfblas.StreamingMLP` batch by batch.

    Attributes:
        graph: its one input and one output.
        output_names: of these.
    """

    def __init__(self, network):
        self._network = network
        sizes = network.network.sizes
        self.graph = SimpleNamespace(
            inputs=[TensorSpec("x", (sizes[0],))], outputs=[TensorSpec("output", (sizes[-1],))]
        )
        self.output_names = ["output"]

    def outputs(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """The output for the rows of an input."""
        name = self._network.last_output
        found = self._network.run(inputs[0], (name,))[name]
        return [activate(self._network.output_activation, found)]

    def no_outputs(self) -> list[np.ndarray]:
        """The output of no rows."""
        return [np.empty((0, self._network.network.sizes[-1]), np.float32)]

    def structured(self, outputs: list[np.ndarray]) -> np.ndarray:
        """The one output."""
        return outputs[0]
