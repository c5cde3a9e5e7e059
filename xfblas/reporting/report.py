"""``xfblas.report``: a model's accuracy on data, layer by layer."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.reporting.advice import Advice, advise
from xfblas.reporting.alternatives import CHOICES, Alternative, products_of, requantized
from xfblas.reporting.layer_report import LayerReport
from xfblas.reporting.measurement import Measurement
from xfblas.reporting.observed_output import ObservedOutput
from xfblas.reporting.output_report import OutputReport
from xfblas.runtime.compiled_model import CompiledModel
from xfblas.runtime.compiler import calibration_inputs, compile
from xfblas.runtime.data import data_of
from xfblas.runtime.saved_model import is_saved_model, load
from xfblas.runtime.streams import is_stream

#: Rows that both models compute at once.
ROWS = 2048
#: Rows that other choices are compared on.
COMPARED_ROWS = 8192
#: Options of compile that are none of quantize.
ELSEWHERE = (
    *("device", "xclbin", "target", "dtype", "architecture"),
    *("loss", "metrics", "loss_weights", "weighted_metrics", "method"),
)


@dataclass(frozen=True, eq=False)
class Report:
    """How near a quantized model is to its float one, and what to do about it.

    Attributes:
        model: its name.
        bits: of an element.
        rows: of the data.
        calibration: what the scales were derived from, as text by name.
        layers: one for each layer on the engine and each step of the host, in order.
        outputs: one for each output of the model.
        alternatives: other choices of bits and accumulator; empty where none were asked for.
        advice: what hurts and what to try, worst first.
        measurement, observed: what the plots are drawn from.
    """

    model: str
    bits: int
    rows: int
    calibration: dict
    layers: tuple[LayerReport, ...]
    outputs: tuple[OutputReport, ...]
    alternatives: tuple[Alternative, ...]
    advice: tuple[Advice, ...]
    measurement: Measurement = field(repr=False)
    observed: tuple[ObservedOutput, ...] = field(repr=False)

    def to_dict(self) -> dict:
        """Everything but the plots, JSON-able; infinite decibels are the text ``"inf"``."""
        kept = ("model", "bits", "rows", "calibration")
        lists = ("layers", "outputs", "alternatives", "advice")
        found = {name: getattr(self, name) for name in kept}
        found |= {name: [asdict(entry) for entry in getattr(self, name)] for name in lists}
        return _plain(found)

    def to_json(self, path) -> None:
        """Writes :meth:`to_dict` as a file."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    def to_html(self, path) -> None:
        """Writes one HTML file with plots, which needs nothing else to be looked at.

        Raises:
            NotSupportedError: matplotlib is not installed.
        """
        from xfblas.reporting.page import page

        Path(path).write_text(page(self), encoding="utf-8")

    def to_text(self) -> str:
        """Tables of plain text."""
        from xfblas.image.tables import plain_text
        from xfblas.reporting.text import tables

        return "\n".join(plain_text(table) for table in tables(self))

    def print(self) -> None:
        """Prints the tables, with rich where it is installed."""
        from xfblas.image.tables import print_tables
        from xfblas.reporting.text import tables

        print_tables(tables(self))


def report(model, x, y=None, *, calibration=None, classes=None, compare=False, **options) -> Report:
    """Measures what quantization costs a model on data.

    Both models compute every row: the float one, and the quantized one in an exact simulation of
    the engine. Rows are taken in chunks, so memory does not grow with them.

    Args:
        model: a :class:`~xfblas.CompiledModel`, the path of a ``.xfblas`` file, or what
            :func:`xfblas.compile` takes.
        x: rows, as ``predict`` takes them.
        y: labels or targets, as ``evaluate`` takes them.
        calibration: typical rows for a model that is not quantized; by default ``x``.
        classes: names of the classes, in order.
        compare: whether to quantize it anew with other bits and accumulators, too.
        **options: of :func:`xfblas.compile`, for a model that is not quantized.

    Raises:
        InvalidValueError: the model is quantized already but options were given, it is a float
            model, or data does not fit it.
    """
    is_path = isinstance(model, (str, Path))
    if isinstance(model, CompiledModel) or (is_path and is_saved_model(model)):
        allowed = ("device", "xclbin", "target") if is_path else ()
        wrong = [name for name in options if name not in allowed]
        if wrong:
            raise InvalidValueError(
                f"{', '.join(wrong)} was given, but the model is quantized already: expected no "
                "options, or a Keras model"
            )
        compiled, chosen = (load(model, **options) if is_path else model), {}
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
        if compiled is not model:
            compiled.close()


def _report(compiled, x, y, calibration, classes, compare, options) -> Report:
    if compiled.device.dtype.kind == "f":
        raise InvalidValueError(
            "the model is compiled for a float32 image, where nothing is quantized: expected int16 "
            "or int8"
        )
    graph = compiled.graph
    measurement = Measurement(graph, compiled.networks, compiled.host_reasons)
    observed = _observed(graph, classes)
    rows = 0
    for batch in _batches(compiled, x, y):
        _add(measurement, observed, batch)
        rows += batch.rows
    if rows == 0:
        raise InvalidValueError("x has no rows, expected 1 or more")
    layers = tuple(measurement.reports())
    outputs = tuple(output.report() for output in observed)
    bits = 8 * compiled.device.dtype.itemsize
    alternatives = ()
    if compare:
        seen = x if calibration is None else calibration
        alternatives = _compared(compiled, x, y, seen, layers, options)
    advice = advise(layers, outputs, alternatives, bits, compiled.calibration, graph)
    return Report(
        graph.name,
        bits,
        rows,
        dict(compiled.calibration),
        layers,
        outputs,
        alternatives,
        tuple(advice),
        measurement,
        tuple(observed),
    )


def _observed(graph, classes=None) -> list[ObservedOutput]:
    return [ObservedOutput(graph, index, classes) for index in range(len(graph.outputs))]


def _add(measurement, observed, batch) -> None:
    expected, found = measurement.add(batch.inputs)
    for output, targets in zip(observed, batch.targets, strict=True):
        output.add(expected, found, targets)


def _batches(compiled, x, y, limit=math.inf):
    rows = 0
    for batch in data_of(x, y, None, compiled, ROWS):
        if batch.rows:
            yield batch
        rows += batch.rows
        if rows >= limit:
            return


def _compared(compiled, x, y, calibration, layers, options) -> tuple[Alternative, ...]:
    if is_stream(x) and not hasattr(x, "__len__"):
        raise InvalidValueError(
            "compare is True and x is a generator, which can be used only once: expected arrays"
        )
    inputs = calibration_inputs(compiled.graph, calibration)
    kept = {name: value for name, value in options.items() if name not in ELSEWHERE}
    if kept.get("method", "calibrated") != "calibrated":
        kept = {}
    accumulator = max((line.accumulator for line in layers if line.accumulator), default=48)
    is_calibrated = any(line.proved_bits is not None for line in layers)
    current = (8 * compiled.device.dtype.itemsize, accumulator) if is_calibrated else None
    found = []
    for bits, accumulator in CHOICES:
        networks = compiled.networks
        if (bits, accumulator) != current:
            networks = requantized(compiled.graph, inputs, bits, accumulator, kept)
        measurement, observed = Measurement(compiled.graph, networks), _observed(compiled.graph)
        for batch in _batches(compiled, x, y, COMPARED_ROWS):
            _add(measurement, observed, batch)
        output = observed[0].report()
        found.append(
            Alternative(
                bits,
                accumulator,
                output.decibels,
                output.agreement,
                output.accuracy,
                products_of(networks),
                (bits, accumulator) == current,
            )
        )
    return tuple(found)


def _plain(value):
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
