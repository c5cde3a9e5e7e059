"""``xfblas.report``: a model's accuracy on data, layer by layer."""

import math
import os
from functools import partial
from typing import Any

import numpy as np

from xfblas.checks import require_file, require_instance, require_truth
from xfblas.compiled.accelerate import accelerated_of
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.compiler import compile, load
from xfblas.compiled.layer_table import lines_of
from xfblas.compiled.saved_model import is_saved_model
from xfblas.errors import InvalidValueError
from xfblas.quantization.options import takes
from xfblas.reporting.accuracy_report import Report
from xfblas.reporting.advice import advise
from xfblas.reporting.alternatives import Alternative
from xfblas.reporting.alternatives import compare as compare_choices
from xfblas.reporting.measurement import Observation
from xfblas.rows.batches import data_of
from xfblas.rows.streams import is_stream

#: Rows that both models compute at once.
ROWS = 2048
#: Rows that other choices are compared on.
COMPARED_ROWS = 8192


@takes(compile)
def report(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    calibration: Any = None,
    classes: Any = None,
    compare: bool = False,
    **options: Any,
) -> Report:
    """Measures what quantization costs a model on data.

    Both models compute every row: the float one, and the quantized one in an exact simulation of
    the engine. Rows are taken in chunks, so memory does not grow with them.

    Args:
        model: a :class:`~xfblas.CompiledModel`, an accelerated keras.Model or the path of a
            ``.xfblas`` file, of which the scales that run are measured; or what
            :func:`xfblas.compile` takes.
        x: rows, as ``predict`` takes them.
        y: labels or targets, as ``evaluate`` takes them.
        calibration: typical rows for a model that is not quantized, and for ``compare``; by default
            ``x``, or those that the model was accelerated with.
        classes: names of the classes, in order.
        compare: whether to quantize it anew with other bits and accumulators, too.
        **options: of :func:`xfblas.compile`, for a model that is not quantized.

    Returns:
        A :class:`~xfblas.Report`: a shell shows it in a line and a notebook as a page; its
        ``print()`` prints tables, and ``to_html(path)``, ``to_json(path)``, ``to_text()`` and
        ``to_dict()`` give all of it.

    Raises:
        InvalidValueError: the model is quantized already but options were given, it is a float
            model, or data does not fit it.
    """
    compare = require_truth("compare", compare)
    if classes is not None:
        require_instance("classes", classes, list, tuple, np.ndarray, expected="a list of names")
    is_path = isinstance(model, (str, bytes, os.PathLike))
    if is_path:
        model = require_file("model", model, "a model or the path of one")
    accelerated = None if is_path else accelerated_of(model)
    is_own = accelerated is not None or isinstance(model, CompiledModel)
    if is_own or (is_path and is_saved_model(model)):
        allowed = ("device", "xclbin", "target", "trusted", "trust") if is_path else ()
        wrong = [name for name in options if name not in allowed]
        if calibration is not None and not compare:
            wrong.append("calibration")
        if wrong:
            raise InvalidValueError(
                f"{', '.join(wrong)} was given, but the model is quantized already: expected no "
                "options, or a Keras model that is not accelerated"
            )
        compiled, chosen = (load(model, **options) if is_path else model), {}
        if accelerated is not None:
            compiled, chosen = accelerated.current(), accelerated.options
            calibration = accelerated.rows if calibration is None else calibration
    else:
        is_once = is_stream(x) and not hasattr(x, "__len__")
        if calibration is None and is_once:
            raise InvalidValueError(
                "calibration is None and x is a generator, which can be used only once: expected "
                "calibration rows, or x as arrays"
            )
        seen = x if calibration is None else calibration
        compiled = compile(model, seen, **options)
        chosen = options
    try:
        return _report(compiled, x, y, calibration, classes, compare, chosen)
    finally:
        if not is_own:
            compiled.close()


def _report(
    compiled: CompiledModel,
    x: Any,
    y: Any,
    calibration: Any,
    classes: Any,
    compare: bool,
    options: dict[str, Any],
) -> Report:
    if compiled.device.dtype.kind == "f":
        raise InvalidValueError(
            "the model is compiled for a float32 image, where nothing is quantized: expected int16 "
            "or int8"
        )
    graph = compiled.graph
    observation = Observation(graph, compiled.networks, compiled.host_reasons, classes)
    for batch in _batches(compiled, x, y):
        observation.add(batch)
    if observation.rows == 0:
        raise InvalidValueError("x has no rows, expected 1 or more")
    layers = tuple(observation.measurement.reports())
    outputs = tuple(output.report() for output in observation.outputs)
    bits = 8 * compiled.device.dtype.itemsize
    alternatives: tuple[Alternative, ...] = ()
    if compare:
        if is_stream(x) and not hasattr(x, "__len__"):
            raise InvalidValueError(
                "compare is True and x is a generator, which can be used only once: expected arrays"
            )
        seen = x if calibration is None else calibration
        batches = partial(_batches, compiled, x, y, COMPARED_ROWS)
        alternatives = compare_choices(compiled, batches, seen, layers, options)
    advice = advise(layers, outputs, alternatives, bits, compiled.calibration, graph)
    return Report(
        graph.name,
        bits,
        observation.rows,
        dict(compiled.calibration),
        layers,
        outputs,
        alternatives,
        tuple(advice),
        tuple(lines_of(graph, compiled.host_reasons, compiled.networks)),
        observation.measurement,
        tuple(observation.outputs),
        tuple(softmax.report() for softmax in observation.softmaxes.values()),
        tuple(observation.softmaxes.values()),
    )


def _batches(compiled: CompiledModel, x: Any, y: Any, limit: float = math.inf) -> Any:
    rows = 0
    for batch in data_of(x, y, None, compiled, ROWS):
        if batch.rows:
            yield batch
        rows += batch.rows
        if rows >= limit:
            return
