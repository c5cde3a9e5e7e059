"""The rows that scales are derived from, and what reaches each step of the model of them."""

import os
import sys
from typing import Any

import numpy as np

from xfblas.checks import require_integer
from xfblas.errors import InvalidValueError
from xfblas.graph import EngineStep, ModelGraph
from xfblas.rows.batches import CALIBRATION_ROWS, data_of
from xfblas.rows.streams import FunctionBatches, is_stream, number_of_batches
from xfblas.tables.image_folder import ImageFolder

#: Rows that one step of the graph is calibrated with, where an input has several rows each.
STEP_ROWS = 32768
#: Input rows that the float model computes at once.
FLOAT_ROWS = 1024


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
