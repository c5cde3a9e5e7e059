"""The rows that scales are derived from, and what reaches each step of the model of them."""

import math
import os
import sys
from typing import Any

import numpy as np

from xfblas.checks import require_integer
from xfblas.errors import InvalidValueError
from xfblas.graph import EngineStep, HostStep, MapStep, ModelGraph
from xfblas.notices import notify
from xfblas.rows.batches import CALIBRATION_ROWS, data_of
from xfblas.rows.streams import FunctionBatches, is_stream, number_of_batches
from xfblas.tables.image_folder import ImageFolder

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


def calibration_inputs(
    graph: ModelGraph, calibration: Any, calib_iter: int | None = None
) -> tuple[ModelGraph, list[np.ndarray]]:
    """At most 8,192 rows of each input of the model, converted and checked.

    Args:
        graph: the model.
        calibration: rows, batches, the path of a folder of images, or a function of the iteration.
        calib_iter: how many batches to take of a function or of a stream.

    Returns:
        The graph, which remembers the names of the columns where the rows have some, and the rows.

    Raises:
        InvalidValueError: they do not fit the inputs, or there are none; a function without a
            number of batches, or rows with one.
        NotSupportedError: a folder of images, and Pillow is not installed.
    """
    calibration = opened_calibration(calibration, calib_iter)
    if isinstance(calibration, ImageFolder) and graph.inputs[0].preprocessing is not None:
        calibration = calibration.as_stored()
    try:
        # As many rows as are wanted are in at most as many batches, also of an endless stream.
        endless = is_stream(calibration) and number_of_batches(calibration) == float("inf")
        steps = CALIBRATION_ROWS if endless and calib_iter is None else calib_iter
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


def opened_calibration(calibration: Any, calib_iter: int | None = None) -> Any:
    """Rows or a stream of them, of whatever was passed."""
    if calib_iter is not None:
        require_integer("calib_iter", calib_iter, 1, sys.maxsize)
    if isinstance(calibration, (str, os.PathLike)):
        try:
            calibration = ImageFolder(calibration)
        except InvalidValueError as error:
            raise InvalidValueError(f"calibration: {error}") from None
    if is_stream(calibration):
        return calibration
    if callable(calibration) and not hasattr(calibration, "__array__"):
        if calib_iter is None:
            raise InvalidValueError(
                "calibration is a function, expected calib_iter too: how many batches to take of it"
            )
        return FunctionBatches(calibration, calib_iter)
    if calib_iter is not None:
        raise InvalidValueError(
            f"calib_iter is {calib_iter}, but calibration is rows, expected batches, or a function "
            "that gives them"
        )
    return calibration


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
    is_large = graph.map_steps or graph.gathered_values
    values = max(values, graph.gathered_values)
    at_once = max(1, min(FLOAT_ROWS, ROW_VALUES // values)) if is_large else FLOAT_ROWS
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


def tell_scaled_twice(graph: ModelGraph) -> None:
    """Tells of a model that scales its images itself though ``preprocess`` was given."""
    given = {spec.name for spec in graph.inputs if spec.preprocessing is not None}
    for step in graph.steps:
        first = step.steps[0] if isinstance(step, MapStep) else step
        is_scale = isinstance(first, HostStep) and first.function == "scale"
        if is_scale and first.inputs[0] in given:
            notify(
                f"layer {first.output} scales {first.inputs[0]}, and preprocess does so before it: "
                "leave preprocess out where the model takes pixels from 0 to 255"
            )
