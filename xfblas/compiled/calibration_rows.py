"""The rows that scales are derived from, and what reaches each step of the model of them."""

from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.graph import EngineStep, ModelGraph
from xfblas.rows.batches import CALIBRATION_ROWS, data_of
from xfblas.rows.streams import is_stream, number_of_batches

#: Rows that one step of the graph is calibrated with, where an input has several rows each.
STEP_ROWS = 32768
#: Input rows that the float model computes at once.
FLOAT_ROWS = 1024


class _Inputs:
    """What data needs to know of a model of which the inputs alone are wanted."""

    output_names = None

    def __init__(self, graph: ModelGraph):
        self.graph = graph


def calibration_inputs(graph: ModelGraph, calibration: Any) -> tuple[ModelGraph, list[np.ndarray]]:
    """At most 8,192 rows of each input of the model, converted and checked.

    Returns:
        The graph, which remembers the names of the columns where the rows have some, and the rows.

    Raises:
        InvalidValueError: they do not fit the inputs, or there are none.
    """
    try:
        # As many rows as are wanted are in at most as many batches, also of an endless stream.
        endless = is_stream(calibration) and number_of_batches(calibration) == float("inf")
        steps = CALIBRATION_ROWS if endless else None
        data = data_of(calibration, None, None, _Inputs(graph), steps=steps)
        sample = data.sample(CALIBRATION_ROWS)
        graph = graph.with_columns(data.columns)
        tensors = graph.tensors_of(sample)
    except InvalidValueError as error:
        raise InvalidValueError(f"calibration: {error}") from None
    inputs = [tensors[spec.name] for spec in graph.inputs]
    if len(inputs[0]) == 0:
        raise InvalidValueError("calibration has no rows, expected 1 or more")
    return graph, inputs


def step_inputs(graph: ModelGraph, inputs: list[np.ndarray]) -> dict[str, np.ndarray]:
    """What reaches each engine step of the float model, (m, k) float32 by the step's name."""
    found: dict[str, list[np.ndarray]] = {step.name: [] for step in graph.engine_steps}
    count = len(inputs[0])
    parts = -(-count // FLOAT_ROWS)

    def keep(step: EngineStep, rows: np.ndarray) -> Any:
        share = -(-STEP_ROWS // parts)
        # Every so many rows, where an input has several.
        found[step.name].append(rows[:: -(-len(rows) // share)] if len(rows) else rows)
        return step.network.outputs_of(rows)[-1]

    for first in range(0, count, FLOAT_ROWS):
        graph.run([values[first : first + FLOAT_ROWS] for values in inputs], keep)
    return {name: np.concatenate(rows) for name, rows in found.items()}
