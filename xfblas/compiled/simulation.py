"""A model as it is quantized, beside itself in float, on some of its calibration rows."""

import numpy as np

from xfblas.compiled.softmax_steps import as_run
from xfblas.graph import EngineStep, MapStep, ModelGraph
from xfblas.quantization import QuantizedMaps, QuantizedNetwork

Tensors = dict[str, np.ndarray]


def simulated(
    graph: ModelGraph,
    networks: dict[str, QuantizedNetwork | QuantizedMaps],
    inputs: list[np.ndarray],
    most_rows: int,
) -> tuple[Tensors, Tensors]:
    """All tensors by name: of the float model, and with the engine's integers.

    Args:
        graph: the model.
        networks: quantized layers of its engine steps; those without any stay float.
        inputs: the calibration rows of each input.
        most_rows: that are taken of them, evenly.
    """
    rows = [values[:: -(-len(values) // most_rows)] for values in inputs]

    def engine(step: EngineStep | MapStep, given: np.ndarray) -> np.ndarray:
        network = networks.get(step.name)
        if network is None:
            return step.outputs_of(given)
        if isinstance(network, QuantizedMaps):
            return network.predict(given)
        return network.finish(network.simulate(network.quantize_input(given)).output)

    return graph.run(rows), as_run(graph, networks).run(rows, engine)
