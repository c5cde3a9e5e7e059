"""How a model that was quantized by its training differs on the engine, where it does."""

import numpy as np

from xfblas.compiled.simulation import simulated
from xfblas.graph import HostStep, ModelGraph
from xfblas.quantization import QuantizedNetwork

#: Rows that the integers are compared with the model on, fewer where many values come of each.
ROWS, LEAST_ROWS, GATHERED = 256, 8, 2**23


def differences(
    graph: ModelGraph, networks: dict[str, QuantizedNetwork], inputs: list[np.ndarray]
) -> list[str]:
    """Of each quantizer whose values are not the model's: how many, and by how much.

    Args:
        graph: the model.
        networks: of its steps.
        inputs: the calibration rows of each input.
    """
    rows = min(ROWS, max(LEAST_ROWS, GATHERED // max(1, graph.gathered_values)))
    expected, found = simulated(graph, networks, inputs, rows)
    told = []
    for step in graph.steps:
        if isinstance(step, HostStep) and step.function == "quantizer":
            wrong = np.abs(expected[step.output] - found[step.output])
            count = int((wrong > 0).sum())
            if count:
                told.append(
                    f"{step.output} differs in {count} of {wrong.size} values, by up to "
                    f"{wrong.max():.4g}"
                )
    return told
