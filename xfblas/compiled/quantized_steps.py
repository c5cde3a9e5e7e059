"""What each step of a graph becomes on integers, by calibration rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xfblas.checks import require_names, shown
from xfblas.compiled.calibration_rows import (
    calibration_inputs,
    opened_calibration,
    step_inputs,
)
from xfblas.compiled.grid_check import differences
from xfblas.compiled.recipe import Networks
from xfblas.compiled.softmax_steps import wanted_softmax, with_softmax
from xfblas.compiled.table_choice import Made, choose_tables
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import EngineStep, HostStep, MapStep, ModelGraph
from xfblas.graph.grids import ends_of, grids_of, with_biases_on_host
from xfblas.notices import notify
from xfblas.quantization import without_scales
from xfblas.quantization.calibration_check import tell
from xfblas.quantization.grid_network import OffGrid, network_on_grid
from xfblas.quantization.maps.lowering import layers_of
from xfblas.quantization.maps.quantize_maps import quantize_maps
from xfblas.quantization.options import BY_LAYERS, Options
from xfblas.quantization.quantize import quantize_and_check
from xfblas.rows.arguments import input_sources
from xfblas.rows.streams import is_stream


def quantized_steps(
    graph: ModelGraph,
    calibration: Any,
    dtype: Any,
    options: dict[str, Any],
    strict: bool,
    read: Callable[[Mapping[str, str]], ModelGraph] | None,
    softmax: Any,
    calib_iter: int | None,
) -> Any:
    """The graph with names of columns; quantized layers and reasons by step; calibration's rows.

    The rows are those of each input, None where none are needed.
    """
    wanted = wanted_softmax(graph, softmax)
    if dtype == np.float32:
        if wanted:
            raise InvalidValueError(
                f"softmax is {shown(softmax)}, but a float image has no tables: expected 'float'"
            )
        if options:
            raise InvalidValueError(
                f"{', '.join(options)} was given, but a float image computes without scales"
            )
        calibration = opened_calibration(calibration, calib_iter)
        if calibration is not None and not is_stream(calibration):
            sources = input_sources(calibration, graph.inputs)
            graph = graph.with_columns([source.columns for source in sources])
        networks, reasons = _convert(graph, lambda step: without_scales(step.network))
        _tell_reasons(reasons)
        return graph, networks, reasons, None
    if calibration is None:
        raise InvalidValueError(
            f"calibration is None: an {dtype} image needs typical input rows to derive its scales "
            "from; without any, pass dtype='float32'"
        )
    graph, inputs = calibration_inputs(with_biases_on_host(graph), calibration, calib_iter)
    columns = [spec.columns for spec in graph.inputs]
    bits = 8 * dtype.itemsize

    def make(graph: ModelGraph) -> Made:
        return _quantized(graph, inputs, bits, options)

    made = make(graph)
    if read is not None:
        again = read

        def read_with_columns(on_host: Mapping[str, str]) -> ModelGraph:
            return with_biases_on_host(again(on_host)).with_columns(columns)

        goal = float(Options.of({**options, "bits": bits}).goal)  # type: ignore[arg-type]
        graph, made = choose_tables(graph, made, inputs, goal, read_with_columns, make)
    networks, reasons, found = made
    networks = with_softmax(graph, networks, wanted_softmax(graph, softmax), inputs)
    _tell_reasons(reasons)
    tell(found, strict)
    return graph, networks, reasons, inputs


def requantized(
    graph: ModelGraph, inputs: Any, options: dict[str, Any], softmax: Any, is_float: bool
) -> tuple[Networks, dict[str, str]]:
    """What a graph with other weights becomes by the same rows: networks, and reasons without."""
    if is_float or inputs is None:
        return _convert(graph, lambda step: without_scales(step.network))
    networks, reasons, found = _quantized(graph, inputs, options["bits"], _without_bits(options))
    networks = with_softmax(graph, networks, wanted_softmax(graph, softmax), inputs)
    tell(found, False)
    return networks, reasons


def _without_bits(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "bits"}


def _quantized(
    graph: ModelGraph,
    inputs: list[np.ndarray],
    bits: int,
    options: dict[str, Any],
) -> Made:
    """Quantized layers and reasons by step, and what the rows do not tell."""
    seen = step_inputs(graph, inputs)
    names = graph.inputs[0].columns if len(graph.inputs) == 1 else None
    found: list[str] = []
    asked = Options.of({**options, "bits": bits})
    by_layers = {name: getattr(asked, name) or {} for name in BY_LAYERS}
    options = {name: value for name, value in options.items() if name not in BY_LAYERS}
    layers = [layer.name for step in graph.engine_steps for layer in step.network.layers]
    layers += [layer for step in graph.map_steps for layer in layers_of(step)]
    for name, given in by_layers.items():
        require_names(name, given, layers)
    grids, off = grids_of(graph), list[str]()

    def convert(step: EngineStep | MapStep) -> Any:
        if isinstance(step, MapStep):
            chosen = Options.of({**options, "bits": bits, **by_layers})
            return quantize_maps(step, seen[step.name], chosen)
        names_here = {layer.name for layer in step.network.layers}
        own: Any = {
            option: {name: value for name, value in given.items() if name in names_here}
            for option, given in by_layers.items()
            if names_here & set(given)
        }
        told = {"names": names, "are_features": _is_fed_by_inputs(graph, step)}
        told["chains"] = len(graph.engine_steps)
        rows = seen[step.name]
        is_public = {"method", "legacy", "accumulator"} & set(options)
        if not (own or is_public) and any(part.steps is not None for part in step.network.layers):
            try:
                ends = ends_of(graph, step.output)
                own_grid = grids.get(step.input)
                exact, lost = network_on_grid(step.network, own_grid, ends, rows, bits)
                off.extend([f"{step.name}: {lost}"] if lost else [])
                return exact
            except OffGrid as reason:
                off.append(f"{step.name}: {reason}")
        network, more = quantize_and_check(step.network, rows, bits=bits, **told, **own, **options)
        found.extend(more)
        return network

    networks, reasons = _convert(graph, convert)
    if off:
        told = differences(graph, networks, inputs)
        notify(
            "these layers have other integers than their model: " + "; ".join(off) + ". On the "
            "calibration rows " + ("; ".join(told) or "all quantized values are the model's")
        )
    return networks, reasons, found


def _is_fed_by_inputs(graph: ModelGraph, step: EngineStep) -> Any:
    """Whether a step takes the model's own input, if in another shape."""
    tensors = {spec.name for spec in graph.inputs}
    for other in graph.steps:
        if (
            isinstance(other, HostStep)
            and other.function == "reshape"
            and other.inputs[0] in tensors
        ):
            tensors.add(other.output)
    return step.input in tensors


def _convert(graph: ModelGraph, convert: Callable[[Any], Any]) -> Any:
    networks, reasons = {}, {}
    steps: list[EngineStep | MapStep] = [*graph.engine_steps, *graph.map_steps]
    for step in steps:
        try:
            networks[step.name] = convert(step)
        except UnsupportedModelError as error:
            reasons[step.name] = " ".join(str(error).split())
    return networks, reasons


def _tell_reasons(reasons: dict[str, str]) -> None:
    if reasons:
        notify(
            "the host computes in float what the engine cannot: "
            + "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        )
