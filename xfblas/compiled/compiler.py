"""``xfblas.compile`` and ``load``: from a Keras model or a file to a :class:`CompiledModel`."""

import os
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from xfblas.arrays import element_type
from xfblas.checks import require_names, require_switch, shown
from xfblas.compiled.calibration_rows import calibration_inputs, step_inputs
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.grid_check import differences
from xfblas.compiled.saved_model import read
from xfblas.compiled.softmax_steps import wanted_softmax, with_softmax
from xfblas.compiled.table_choice import Made, choose_tables
from xfblas.device.default_images import DATA_TYPES
from xfblas.device.shared_devices import lease
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import EngineStep, HostStep, MapStep, ModelGraph, Network, read_graph
from xfblas.graph.grids import ends_of, grids_of, with_biases_on_host
from xfblas.graph.reader import read_source
from xfblas.layers.placement import PLACED
from xfblas.notices import notify
from xfblas.quantization import without_scales
from xfblas.quantization.calibration_check import tell
from xfblas.quantization.grid_network import OffGrid, network_on_grid
from xfblas.quantization.maps.lowering import layers_of
from xfblas.quantization.maps.quantize_maps import quantize_maps
from xfblas.quantization.options import Options, is_number, takes
from xfblas.quantization.quantize import quantize_and_check
from xfblas.rows.arguments import input_sources
from xfblas.rows.streams import is_stream
from xfblas.scoring import scoring_of

#: Element types of images by their bits.
DTYPES = {8 * dtype.itemsize: dtype for dtype in DATA_TYPES}


@takes(Options)
def compile(
    model: Any,
    calibration: Any = None,
    *,
    device: Any = None,
    xclbin: str | os.PathLike[str] | None = None,
    target: str | None = None,
    bits: int | None = None,
    dtype: Any = None,
    architecture: Any = None,
    on_host: Collection[str] = (),
    loss: Any = None,
    metrics: Any = None,
    loss_weights: Any = None,
    weighted_metrics: Any = None,
    softmax: Any = None,
    strict: bool = False,
    trusted: bool = False,
    trust: bool = False,
    **quantization: Any,
) -> CompiledModel:
    """Puts a Keras or ONNX model on the engine.

    Args:
        model: a keras.Model, the path of a ``.keras``, ``.h5`` or ``.onnx`` file, an
            onnx.ModelProto, a :class:`~xfblas.graph.Network` or :class:`~xfblas.graph.ModelGraph`.
        calibration: typical inputs, from which the scales are derived: anything that ``predict``
            takes. At most 8,192 rows are used, evenly from the first to the last (from a stream the
            first). Not needed on a float image. Names of columns, as data frames have them, are
            remembered: what is predicted later is put in their order.
        device: an opened :class:`~xfblas.Device`, or what :func:`xfblas.open` takes as its device.
            Devices that are opened here are shared by models, and closed when no model uses them.
        xclbin: path of an image with the Fcn engine; by default a packaged one.
        target: as for :func:`xfblas.open`.
        bits: 16 (the default), 8, or 32 for float32: which packaged image to take.
        dtype: the same as an element type: int16, int8 or float32.
        architecture: for a file that holds weights alone, see :func:`xfblas.read_network`.
        on_host: names of layers that the host shall compute in float though the engine could;
            ``dense:tanh`` and ``dense:sigmoid`` are the function of ``dense`` alone.
        loss, metrics, loss_weights, weighted_metrics: what ``evaluate`` computes, as for
            keras.Model.compile; by default what the Keras model was compiled with.
        softmax: how softmax is computed: by the host in float, the default, or by tables on the
            engine: ``"stable"``, ``"latency"``, ``"legacy"`` or ``"argmax"``, or a dict with
            ``implementation`` and ``exp_table``, ``inv_table``, ``inp_norm``, ``inv_inp``,
            ``accum`` (such as ``"fixed<18,8>"``), ``table_size``; or a dict of these by layers.
        strict: whether a calibration that tells too little is an error: one in which features never
            vary, that does not reach a layer, or whose own results are far below the goal. By
            default it is a CalibrationWarning.
        trusted: whether a file is read at once, see :func:`xfblas.read_graph`.
        trust: whether an image that was not built here may run, as for :func:`xfblas.open`.
        **quantization: options of :func:`xfblas.quantize`:

    Raises:
        UnsupportedModelError: lists every layer that cannot be run, with the reason.
        InvalidValueError: the calibration is missing or does not fit the inputs; an option has a
            value that cannot be used; the file is damaged, see :func:`xfblas.read_graph`.
        AllocationError: there is no memory for what the file holds.
        DtypeError: the device computes with another element type than was asked for.
        CalibrationError: with ``strict``, the calibration tells too little.
    """
    require_switch("strict", strict)
    Options.require_names(quantization)
    wanted = _element_type(bits, dtype)
    take_back_weights(model)
    model = read_source(model, architecture, trusted)
    graph = read_graph(model, architecture, on_host, tables=True, maps=True)
    scoring = scoring_of(model, loss, metrics, loss_weights, weighted_metrics)
    held = lease(device, xclbin, wanted, target, trust)
    try:
        if not _has_tables(held.device.dtype, quantization):
            graph = read_graph(model, architecture, on_host)

        def read(more: Mapping[str, str]) -> ModelGraph:
            placed = {**more, **dict.fromkeys(on_host, PLACED)}
            return read_graph(model, architecture, placed, tables=True, maps=True)

        # Whoever passes a graph has chosen.
        is_graph = isinstance(model, (ModelGraph, Network))
        graph, networks, reasons, rows = _networks(
            graph,
            calibration,
            held.device.dtype,
            quantization,
            strict,
            None if is_graph else read,
            softmax,
        )
        if softmax is not None:
            quantization["softmax"] = softmax
        return CompiledModel(
            graph,
            networks,
            held,
            host_reasons=reasons,
            scoring=scoring,
            calibration={"rows": rows, **{name: str(v) for name, v in quantization.items()}},
        )
    except BaseException:
        held.close()
        raise


def load(
    path: str | os.PathLike[str],
    *,
    device: Any = None,
    xclbin: str | os.PathLike[str] | None = None,
    target: str | None = None,
    trusted: bool = False,
    trust: bool = False,
) -> CompiledModel:
    """A compiled model from a file that ``save`` wrote.

    Args:
        path: of the file.
        device, xclbin, target: where it runs, as for :func:`xfblas.compile`; the image must have
            the element type that the model was compiled for.
        trusted: whether the file is read at once, see :func:`xfblas.read_graph`.
        trust: whether an image that was not built here may run, as for :func:`xfblas.open`.

    Raises:
        InvalidValueError: there is no such file, it is damaged or foreign, of a newer version,
            refers to other files, or took too long to read.
        AllocationError: there is no memory for what the file holds.
        DtypeError: the device computes with another element type.
    """
    dtype, parts = read(path, trusted)
    held = lease(device, xclbin, dtype, target, trust)
    try:
        return CompiledModel(lease=held, **parts)
    except BaseException:
        held.close()
        raise


def _has_tables(dtype: np.dtype, options: dict[str, Any]) -> bool:
    """Whether the arithmetic that was asked for has tables of tanh and sigmoid."""
    is_public = options.get("legacy") or options.get("method") == "gemx"
    return dtype.kind == "i" and not is_public


def take_back_weights(model: Any) -> None:
    """Within fit Keras' jax backend keeps the weights elsewhere, until it is asked for them."""
    if getattr(model, "_jax_state", None):
        model.jax_state_sync()


def _element_type(bits: int | None, dtype: Any) -> Any:
    if bits is not None and not (is_number(bits) and bits in DTYPES):
        raise InvalidValueError(f"bits is {shown(bits)}, expected 16, 8, or 32 for float32")
    wanted = None if dtype is None else element_type("dtype", dtype, *DTYPES.values())
    if bits is None:
        return wanted
    if wanted not in (None, DTYPES[bits]):
        raise InvalidValueError(f"bits is {bits}, but dtype is {wanted}: expected one of them")
    return DTYPES[bits]


def _networks(
    graph: ModelGraph,
    calibration: Any,
    dtype: Any,
    options: dict[str, Any],
    strict: bool,
    read: Callable[[Mapping[str, str]], ModelGraph] | None,
    softmax: Any,
) -> Any:
    """The graph with names of columns; quantized layers and reasons by step; calibration's rows."""
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
        if calibration is not None and not is_stream(calibration):
            sources = input_sources(calibration, graph.inputs)
            graph = graph.with_columns([source.columns for source in sources])
        networks, reasons = _convert(graph, lambda step: without_scales(step.network))
        _tell_reasons(reasons)
        return graph, networks, reasons, 0
    if calibration is None:
        raise InvalidValueError(
            f"calibration is None: an {dtype} image needs typical input rows to derive its scales "
            "from; without any, pass dtype='float32'"
        )
    graph, inputs = calibration_inputs(with_biases_on_host(graph), calibration)
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
    return graph, networks, reasons, len(inputs[0])


def _quantized(
    graph: ModelGraph, inputs: list[np.ndarray], bits: int, options: dict[str, Any]
) -> Made:
    """Quantized layers and reasons by step, and what the rows do not tell."""
    seen = step_inputs(graph, inputs)
    names = graph.inputs[0].columns if len(graph.inputs) == 1 else None
    found: list[str] = []
    weight_bits = Options.of({**options, "bits": bits}).weight_bits or {}
    options = {name: value for name, value in options.items() if name != "weight_bits"}
    layers = [layer.name for step in graph.engine_steps for layer in step.network.layers]
    layers += [layer for step in graph.map_steps for layer in layers_of(step)]
    require_names("weight_bits", weight_bits, layers)
    grids, off = grids_of(graph), list[str]()

    def convert(step: EngineStep | MapStep) -> Any:
        if isinstance(step, MapStep):
            chosen = Options.of({**options, "bits": bits, "weight_bits": weight_bits})
            return quantize_maps(step, seen[step.name], chosen)
        own = {layer.name for layer in step.network.layers} & set(weight_bits)
        narrow: Any = {"weight_bits": {name: weight_bits[name] for name in own}} if own else {}
        told = {"names": names, "are_features": _is_fed_by_inputs(graph, step)}
        told["chains"] = len(graph.engine_steps)
        rows = seen[step.name]
        is_public = {"method", "legacy", "accumulator"} & set(options)
        if not (narrow or is_public) and any(
            part.steps is not None for part in step.network.layers
        ):
            try:
                ends = ends_of(graph, step.output)
                own_grid = grids.get(step.input)
                exact, lost = network_on_grid(step.network, own_grid, ends, rows, bits)
                off.extend([f"{step.name}: {lost}"] if lost else [])
                return exact
            except OffGrid as reason:
                off.append(f"{step.name}: {reason}")
        network, more = quantize_and_check(
            step.network, rows, bits=bits, **told, **narrow, **options
        )
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
