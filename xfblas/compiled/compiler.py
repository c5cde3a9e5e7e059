"""``xfblas.compile`` and ``load``: from a Keras model or a file to a :class:`CompiledModel`."""

import inspect
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from xfblas.arrays import element_type
from xfblas.checks import require_switch, shown
from xfblas.compiled.calibration_rows import tell_scaled_twice
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.quantized_steps import quantized_steps, requantized
from xfblas.compiled.recipe import Recipe
from xfblas.compiled.saved_model import read
from xfblas.compiled.softmax_steps import places_for_softmax, wanted_softmax
from xfblas.compiled.table_choice import tables_of
from xfblas.device.default_images import DATA_TYPES
from xfblas.device.devices import one_of
from xfblas.device.shared_devices import lease
from xfblas.errors import InvalidValueError
from xfblas.graph import ModelGraph, Network, read_graph
from xfblas.graph.reader import read_source
from xfblas.graph.tensor_spec import with_preprocessing
from xfblas.layers.placement import PLACED
from xfblas.quantization.options import Options, is_number, takes
from xfblas.scoring import scoring_of

#: Element types of images by their bits.
DTYPES = {8 * dtype.itemsize: dtype for dtype in DATA_TYPES}


@takes(Options)
def compile(
    model: Any,
    calibration: Any = None,
    *,
    calib_iter: int | None = None,
    preprocess: Any = None,
    device: Any = None,
    devices: Any = None,
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
            takes; also the path of a folder of images or ``.npy`` files, which are taken as they
            are (:class:`xfblas.ImageFolder` preprocesses them), or a function:
            ``calibration(iteration)`` gives a batch, such as ``{input name: batch}``. At most 8,192
            rows are used, evenly from the first to the last (from a stream the first). Not needed
            on a float image. Names of columns, as data frames have them, are
            remembered: what is predicted later is put in their order.
        calib_iter: how many batches to take of a calibration that is a function or a stream.
        preprocess: what the model takes of 8-bit images, which is kept with it: a dict of
            ``scale`` and ``offset`` (numbers, or one for each channel) and ``channels`` ("rgb" or
            "bgr"), such as ``{"scale": 1 / 127.5, "offset": -1}`` for ``x / 127.5 - 1``; of several
            inputs a dict of these by name. uint8 images, of the calibration too, become that;
            other numbers are taken as the model's own input, and a warning tells once of those
            that do not look like it.
        device: an opened :class:`~xfblas.Device`, or what :func:`xfblas.open` takes as its device:
            of a list of several all compute units share the rows. Devices that are opened here are
            shared by models, and closed when no model uses them.
        devices: the list of several by this name, as for :func:`xfblas.open`.
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
    Options.require_names(quantization, inspect.signature(compile).parameters)
    wanted = _element_type(bits, dtype)
    take_back_weights(model)
    model = read_source(model, architecture, trusted)

    def read_with(placed: Any, **parts: bool) -> ModelGraph:
        found = read_graph(model, architecture, placed, **parts)
        return found if inputs is None else replace(found, inputs=inputs)

    inputs = None
    graph = read_with(on_host, tables=True, maps=True)
    if preprocess is not None:
        # Once, since each tells once of images that are no uint8.
        inputs = with_preprocessing(graph.inputs, preprocess)
        graph = replace(graph, inputs=inputs)
        tell_scaled_twice(graph)
    scoring = scoring_of(model, loss, metrics, loss_weights, weighted_metrics)
    placed_ever: set[str] = set(on_host)
    held = lease(one_of(device, devices), xclbin, wanted, target, trust)
    try:
        has_tables = _has_tables(held.device.dtype, quantization)
        if not has_tables:
            graph = read_with(on_host)
        own = dict.fromkeys(on_host, PLACED)

        def read(more: Mapping[str, str]) -> ModelGraph:
            placed = {**more, **own}
            placed_ever.update(placed)
            return read_with(placed, tables=True, maps=True)

        # Whoever passes a graph has chosen.
        is_graph = isinstance(model, (ModelGraph, Network))
        if has_tables and not is_graph:
            places = places_for_softmax(graph, wanted_softmax(graph, softmax))
            own = {**places, **own}
            graph = read({}) if places else graph
        options = dict(quantization)
        graph, networks, reasons, rows = quantized_steps(
            graph,
            calibration,
            held.device.dtype,
            quantization,
            strict,
            None if is_graph else read,
            softmax,
            calib_iter,
        )
        on_engine = {name for step in graph.engine_steps for name in tables_of(step)}
        elsewhere = tuple(sorted(placed_ever - on_engine))
        options["bits"] = 8 * held.device.dtype.itemsize
        recipe = Recipe(requantized, rows, options, softmax, elsewhere, has_tables)
        count = 0 if rows is None else len(rows[0])
        if softmax is not None:
            quantization["softmax"] = softmax
        return CompiledModel(
            graph,
            networks,
            held,
            host_reasons=reasons,
            scoring=scoring,
            calibration={"rows": count, **{name: str(v) for name, v in quantization.items()}},
            recipe=recipe,
        )
    except BaseException:
        held.close()
        raise


def load(
    path: str | os.PathLike[str],
    *,
    device: Any = None,
    devices: Any = None,
    xclbin: str | os.PathLike[str] | None = None,
    target: str | None = None,
    trusted: bool = False,
    trust: bool = False,
) -> CompiledModel:
    """A compiled model from a file that ``save`` wrote.

    Args:
        path: of the file.
        device, devices, xclbin, target: where it runs, as for :func:`xfblas.compile`; the image
            must have the element type that the model was compiled for.
        trusted: whether the file is read at once, see :func:`xfblas.read_graph`.
        trust: whether an image that was not built here may run, as for :func:`xfblas.open`.

    Raises:
        InvalidValueError: there is no such file, it is damaged or foreign, of a newer version,
            refers to other files, or took too long to read.
        AllocationError: there is no memory for what the file holds.
        DtypeError: the device computes with another element type.
    """
    dtype, parts = read(path, trusted)
    held = lease(one_of(device, devices), xclbin, dtype, target, trust)
    try:
        recipe = Recipe(requantized, **parts.pop("recipe"))
        return CompiledModel(lease=held, recipe=recipe, **parts)
    except BaseException:
        held.close()
        raise


def _has_tables(dtype: np.dtype, options: dict[str, Any]) -> bool:
    """Whether the arithmetic that was asked for has tables of tanh and sigmoid."""
    # What is neither is refused later, by the options themselves.
    method = options.get("method")
    is_public = options.get("legacy") is True or (isinstance(method, str) and method == "gemx")
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
