"""Other weights for a graph: of a model, of its file, or of arrays."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from xfblas.arrays import seen
from xfblas.checks import require_text, shown
from xfblas.compiled.recipe import Recipe
from xfblas.errors import InvalidValueError, NotSupportedError, XfblasError
from xfblas.graph import (
    EngineStep,
    FoldedLayer,
    HostStep,
    MapStep,
    ModelGraph,
    Network,
    read_graph,
)
from xfblas.graph.grids import with_biases_on_host


def graph_with(
    graph: ModelGraph, source: Any, recipe: Recipe, architecture: Any, trusted: bool
) -> ModelGraph:
    """A graph with the weights of a source.

    Args:
        graph: the model's own.
        source: a keras.Model, the path of a file, a Network or ModelGraph; or arrays: a list of
            kernels, each with the bias after it, or a dict of (kernel, bias) by names of layers.
        recipe: of the model.
        architecture, trusted: as for :func:`xfblas.read_graph`.

    Raises:
        InvalidValueError: the source has other layers, shapes or functions; tells the first.
        NotSupportedError: the model has feature maps on the engine.
    """
    _require_no_maps(graph)
    if isinstance(source, Mapping):
        for name, pair in source.items():
            pair = pair if isinstance(pair, (tuple, list)) else (pair,)
            if not 1 <= len(pair) <= 2:
                raise InvalidValueError(
                    f"weights of {shown(name)} are {len(pair)} arrays, expected kernel and bias"
                )
            graph = graph_with_layer(graph, name, *pair)
        return graph
    if isinstance(source, (list, tuple)):
        return _with_arrays(graph, source)
    other = _read(graph, source, recipe, architecture, trusted)
    return _merged(graph, other)


def graph_with_layer(graph: ModelGraph, name: Any, kernel: Any, bias: Any = None) -> ModelGraph:
    """A graph with another kernel and bias of one layer; without a bias it keeps its own.

    Raises:
        InvalidValueError: no layer on the engine has the name, or arrays of other shapes.
        NotSupportedError: the model has feature maps on the engine.
    """
    _require_no_maps(graph)
    known = [layer.name for layer in _layers(graph)]
    require_text("name", name, "the name of a layer on the engine")
    if name not in known:
        raise InvalidValueError(
            f"name is {shown(name)}, expected a layer that the engine computes: {', '.join(known)}"
        )
    changed = {}
    for index, layer in enumerate(_layers(graph)):
        if layer.name != name:
            continue
        if isinstance(layer, FoldedLayer):
            others = ", ".join(layer.folded) or "another layer"
            raise InvalidValueError(
                f"layer {name} has {others} folded into its weights, which its own kernel does "
                "not tell: load those of the whole model with load_weights"
            )
        changed[index] = _replaced(layer, kernel, bias)
    return _with_layers(graph, changed)


def _require_no_maps(graph: ModelGraph) -> None:
    names = [step.name for step in graph.steps if isinstance(step, MapStep)]
    if names:
        raise NotSupportedError(
            f"the model has feature maps on the engine, from {', '.join(names)} on, whose weights "
            "stay as they were compiled: compile the model with its new weights"
        )


def _replaced(layer: Any, kernel: Any, bias: Any) -> Any:
    found = {"kernel": kernel} if bias is None else {"kernel": kernel, "bias": bias}
    arrays = {}
    for part, value in found.items():
        array, old = seen(f"{part} of {layer.name}", value), getattr(layer, part)
        if array.dtype.kind not in "fiub" or array.shape != old.shape:
            raise InvalidValueError(
                f"{part} of {layer.name} is {array.dtype} {array.shape}, expected numbers of shape "
                f"{old.shape}"
            )
        with np.errstate(over="ignore"):
            array = array.astype(layer.dtype)
        if not np.isfinite(array).all():
            raise InvalidValueError(f"{part} of {layer.name} has values that are not finite")
        # A copy: what the caller does to the array later is not ours.
        arrays[part] = np.array(array)
    return replace(layer, **arrays, steps=None)


def _layers(graph: ModelGraph) -> list[Any]:
    return [layer for step in graph.engine_steps for layer in step.network.layers]


def _with_layers(graph: ModelGraph, changed: Mapping[int, Any]) -> ModelGraph:
    """The graph with other layers, by their numbers among all on the engine."""
    steps, number = [], 0
    for step in graph.steps:
        if isinstance(step, EngineStep):
            layers = []
            for layer in step.network.layers:
                layers.append(changed.get(number, layer))
                number += 1
            step = replace(step, network=replace(step.network, layers=tuple(layers)))
        steps.append(step)
    return replace(graph, steps=tuple(steps))


def _with_arrays(graph: ModelGraph, arrays: Any) -> ModelGraph:
    """Kernels in the order of the layers, each with the bias after it if it has one."""
    pairs: list[list[Any]] = []
    for number, value in enumerate(arrays):
        array = seen(f"source[{number}]", value)
        if array.ndim == 1 and pairs and len(pairs[-1]) == 1:
            pairs[-1].append(array)
        elif array.ndim == 2:
            pairs.append([array])
        else:
            raise InvalidValueError(
                f"source[{number}] has shape {array.shape}, expected kernels (k, n), each with the "
                "bias (n,) after it"
            )
    layers = _layers(graph)
    if len(pairs) != len(layers):
        names = ", ".join(layer.name for layer in layers)
        raise InvalidValueError(
            f"source has {len(pairs)} kernels, expected {len(layers)}, of {names}"
        )
    folded = [layer.name for layer in layers if isinstance(layer, FoldedLayer)]
    if folded:
        raise InvalidValueError(
            f"source is a list of arrays, but {', '.join(folded)} have other layers folded into "
            "them: expected a model or its file"
        )
    found = {}
    for index, (layer, pair) in enumerate(zip(layers, pairs, strict=True)):
        if len(pair) == 1 and layer.bias.any():
            raise InvalidValueError(f"source has no bias of {layer.name}, which has one")
        found[index] = _replaced(layer, *pair)
    return _with_layers(graph, found)


def _read(
    graph: ModelGraph, source: Any, recipe: Recipe, architecture: Any, trusted: bool
) -> ModelGraph:
    if (
        not isinstance(source, (str, bytes, os.PathLike, ModelGraph, Network))
        and not hasattr(source, "get_config")
        and type(source).__name__ != "ModelProto"
    ):
        raise InvalidValueError(
            f"source is a {type(source).__name__}, expected a keras.Model, the path of a file, a "
            "list of arrays, or a dict of (kernel, bias) by layers"
        )
    options: dict[str, Any] = {"trusted": trusted}
    if not isinstance(source, (ModelGraph, Network)):
        options |= {"on_host": recipe.on_host, "tables": recipe.has_tables}
    try:
        found = read_graph(source, architecture, **options)
    except InvalidValueError:
        activations = _activations(graph)
        if (
            architecture is not None
            or activations is None
            or not isinstance(source, (str, os.PathLike))
        ):
            raise
        # A file of weights alone has no architecture: that of this model is known.
        try:
            found = read_graph(source, activations, **options)
        except XfblasError:
            found = None
        if found is None:
            raise
    return with_biases_on_host(found) if recipe.inputs is not None else found


def _activations(graph: ModelGraph) -> list[str] | None:
    """The activations of a plain chain of dense layers, as an architecture; None for others."""
    chain = graph.as_network()
    if chain is None or chain.center is not None:
        return None
    names = [layer.activation for layer in chain.layers]
    if any(isinstance(layer, FoldedLayer) or layer.parameters for layer in chain.layers):
        return None
    if chain.output_activation != "linear":
        names[-1] = chain.output_activation
    return names


def _merged(graph: ModelGraph, other: ModelGraph) -> ModelGraph:
    """The steps of one graph with the numbers of another of the same structure."""
    if len(graph.steps) != len(other.steps):
        raise InvalidValueError(
            f"source has {len(other.steps)} steps, expected {len(graph.steps)}: "
            + ", ".join(step.name for step in graph.steps)
        )
    numbers = {spec.name: index for index, spec in enumerate(graph.inputs)}
    others = {spec.name: index for index, spec in enumerate(other.inputs)}
    steps = []
    for mine, new in zip(graph.steps, other.steps, strict=True):
        wired = [numbers.get(name) for name in mine.inputs]
        if type(mine) is not type(new) or wired != [others.get(name) for name in new.inputs]:
            raise InvalidValueError(f"source has another step where {mine.name} was: {new.name}")
        numbers[mine.output], others[new.output] = len(numbers), len(others)
        is_engine = isinstance(mine, EngineStep)
        steps.append(_engine_step(mine, new) if is_engine else _host_step(mine, new))
    outputs = [[names.get(spec.name) for spec in each.outputs]
               for each, names in ((graph, numbers), (other, others))]  # fmt: skip
    if outputs[0] != outputs[1]:
        raise InvalidValueError("source has other outputs than the model")
    return replace(graph, steps=tuple(steps))


def _engine_step(mine: EngineStep, new: EngineStep) -> EngineStep:
    layers = []
    if len(mine.network.layers) != len(new.network.layers):
        raise InvalidValueError(
            f"source has {len(new.network.layers)} layers in {new.name}, expected "
            f"{len(mine.network.layers)}"
        )
    for old, layer in zip(mine.network.layers, new.network.layers, strict=True):
        kind = (type(layer), layer.activation, layer.negative_slope, layer.parameters)
        if layer.kernel.shape != old.kernel.shape or kind != (
            type(old), old.activation, old.negative_slope, old.parameters,
        ):  # fmt: skip
            raise InvalidValueError(
                f"source has {layer!r} where the model has {old!r}: expected the same shape, "
                "function and foldings"
            )
        layers.append(replace(old, kernel=layer.kernel, bias=layer.bias, steps=layer.steps))
    network = replace(mine.network, layers=tuple(layers), center=new.network.center)
    return replace(mine, network=network)


def _host_step(mine: HostStep, new: HostStep) -> HostStep:
    shapes = [
        {name: np.shape(values) for name, values in step.arrays.items()} for step in (mine, new)
    ]
    if mine.function != new.function or shapes[0] != shapes[1]:
        raise InvalidValueError(
            f"source has {new.function} of {shapes[1]} in {new.name}, expected {mine.function} of "
            f"{shapes[0]}"
        )
    return replace(mine, arrays=dict(new.arrays), parameters=new.parameters)
