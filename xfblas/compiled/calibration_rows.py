"""The rows that scales are derived from, and what reaches each step of the model of them."""

import math
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.graph import EngineStep, MapStep, ModelGraph
from xfblas.rows.batches import CALIBRATION_ROWS, data_of
from xfblas.rows.streams import is_stream, number_of_batches

#: Rows that one step of the graph is calibrated with, where an input has several rows each.
STEP_ROWS = 32768
#: Input rows that the float model computes at once, and their values where they are large.
FLOAT_ROWS, ROW_VALUES = 1024, 2**22
#: Frames that a step over maps is calibrated with, at least and at most, and their pixels between.
LEAST_FRAMES, MOST_FRAMES, FRAME_PIXELS = 16, 2048, 2**21


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
    """What reaches each engine step of the float model, by the step's name.

    Rows (m, k) float32 for chains, and some frames (m, ...) for steps over maps.
    """
    steps = (*graph.engine_steps, *graph.map_steps)
    found: dict[str, list[np.ndarray]] = {step.name: [] for step in steps}
    given = {spec.name: values for spec, values in zip(graph.inputs, inputs, strict=True)}
    if graph.map_steps and all(step.input in given for step in steps):
        return {step.name: _some(step, given[step.input]) for step in steps}
    count = len(inputs[0])
    values = max(1, max(math.prod(one.shape[1:]) for one in inputs))
    at_once = max(1, min(FLOAT_ROWS, ROW_VALUES // values)) if graph.map_steps else FLOAT_ROWS
    parts = -(-count // at_once)

    def keep(step: EngineStep | MapStep, rows: np.ndarray) -> Any:
        if isinstance(step, MapStep):
            found[step.name].append(rows)
            return step.outputs_of(rows)
        share = -(-STEP_ROWS // parts)
        # Every so many rows, where an input has several.
        found[step.name].append(rows[:: -(-len(rows) // share)] if len(rows) else rows)
        return step.network.outputs_of(rows)[-1]

    for first in range(0, count, at_once):
        graph.run([values[first : first + at_once] for values in inputs], keep)
    rows = {name: np.concatenate(rows) for name, rows in found.items()}
    return rows | {step.name: _some(step, rows[step.name]) for step in graph.map_steps}


def _some(step: EngineStep | MapStep, rows: np.ndarray) -> np.ndarray:
    """Of frames as many as are worth their time, evenly from the first to the last."""
    if not isinstance(step, MapStep):
        return rows.reshape(-1, rows.shape[-1])
    most = min(MOST_FRAMES, max(LEAST_FRAMES, FRAME_PIXELS // math.prod(step.input_shape[:-1])))
    return rows[:: -(-len(rows) // most)]
