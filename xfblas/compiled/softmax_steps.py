"""Softmax by tables: which steps of a graph the engine computes so, and the graph that runs then.

A softmax over the last axis goes there that takes the result of a chain of dense layers which
nothing else takes: it is one more instruction of the chain's program. By default no softmax does,
since the host's has no error and takes a few microseconds.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from xfblas.checks import require_names
from xfblas.compiled.calibration_rows import step_inputs
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import EngineStep, HostStep, ModelGraph
from xfblas.graph.map_regions import REDUCTIONS
from xfblas.quantization import QuantizedNetwork
from xfblas.quantization.softmax_choice import choose_softmax
from xfblas.quantization.softmax_settings import SoftmaxSettings

#: Rows that the tables are chosen and measured with.
ROWS = 2048
#: What makes rows of maps.
FLATTENING = ("reshape", *REDUCTIONS)
_SETTINGS = {field.name for field in dataclasses.fields(SoftmaxSettings)} | {"table_size"}


def wanted_softmax(graph: ModelGraph, given: Any) -> dict[str, SoftmaxSettings]:
    """What was asked for, by the output of each softmax that is to be computed by tables.

    Args:
        graph: the model.
        given: a name, a dict of settings, or a dict of these by names of layers.

    Raises:
        InvalidValueError: there is no such implementation, setting or layer, or no softmax.
    """
    steps = [step.output for step in graph.steps if is_softmax(step)]
    by_layer = isinstance(given, Mapping) and not _SETTINGS & set(given)
    if by_layer:
        require_names("softmax", given, steps)
        asked = {name: SoftmaxSettings.of(one, f"softmax of {name}") for name, one in given.items()}
    else:
        settings = SoftmaxSettings.of(given)
        if settings is not None and not steps:
            raise InvalidValueError(
                f"softmax is {settings.implementation!r}, but the model has none: expected 'float'"
            )
        asked = dict.fromkeys(steps, settings)
    return {name: one for name, one in asked.items() if one is not None}


def places_for_softmax(graph: ModelGraph, wanted: Mapping[str, SoftmaxSettings]) -> dict[str, str]:
    """Layers for the host, so that dense layers before a softmax by tables are a chain; with why.

    Behind convolutions they would be part of a step over maps, which has no such instruction.
    Flattening maps is a matter of layout, wherever it is done.
    """
    found = {}
    steps = [step for step in graph.steps if step.output in wanted]
    for maps in graph.map_steps:
        parts = {part.output: part for part in maps.steps}
        part = parts[maps.output]
        if part.function != "dense" or not any(maps.output in step.inputs for step in steps):
            continue
        while part is not None and part.function not in FLATTENING:
            part = parts.get(part.inputs[0]) if len(part.inputs) == 1 else None
        if part is not None:
            found[part.output.partition("#")[0]] = "a chain follows, for its softmax by tables"
    return found


def with_softmax(
    graph: ModelGraph,
    networks: dict[str, QuantizedNetwork],
    wanted: dict[str, SoftmaxSettings],
    inputs: list[np.ndarray],
) -> dict[str, QuantizedNetwork]:
    """The networks, with the tables that were asked for.

    Args:
        graph: the model.
        networks: quantized layers of its engine steps, by name.
        wanted: see :func:`wanted_softmax`.
        inputs: the calibration rows of each input.

    Raises:
        UnsupportedModelError: a softmax cannot be computed so; names it and tells why.
    """
    if not wanted:
        return networks
    found = dict(networks)
    rows = step_inputs(graph, [values[:: -(-len(values) // ROWS)] for values in inputs])
    for step in graph.steps:
        if step.output not in wanted:
            continue
        chain = _chain_before(graph, step)
        if chain is None or chain.name not in networks:
            raise UnsupportedModelError(
                f"the softmax {step.output!r} cannot be computed by tables: expected one over the "
                "last axis, of the result of dense layers on the engine which nothing else takes; "
                "over the pixels of maps the host computes it"
            )
        network = networks[chain.name]
        seen = rows[chain.name]
        seen = seen[:: -(-len(seen) // ROWS)]
        elements = network.simulate(network.quantize_input(seen)).output
        try:
            tables = choose_softmax(wanted[step.output], network, elements)
        except UnsupportedModelError as error:
            raise UnsupportedModelError(f"the softmax {step.output!r}: {error}") from None
        found[chain.name] = dataclasses.replace(network, softmax=tables)
    return found


def softmax_networks(
    graph: ModelGraph, networks: Mapping[str, QuantizedNetwork]
) -> dict[str, QuantizedNetwork]:
    """Networks whose tables compute a softmax of the graph, by its output."""
    chains = {step.output: step.name for step in graph.engine_steps}
    found = {}
    for step in graph.steps:
        network = networks.get(chains.get(step.inputs[0], "")) if is_softmax(step) else None
        if network is not None and network.softmax is not None:
            found[step.output] = network
    return found


def as_run(graph: ModelGraph, networks: Mapping[str, QuantizedNetwork]) -> ModelGraph:
    """The graph with what is left of each softmax that the chain before it computes: nothing."""
    by_tables = softmax_networks(graph, networks)
    steps = [
        dataclasses.replace(step, function="linear")
        if isinstance(step, HostStep) and step.output in by_tables
        else step
        for step in graph.steps
    ]
    return dataclasses.replace(graph, steps=tuple(steps)) if by_tables else graph


def is_softmax(step: EngineStep | HostStep) -> bool:
    """Whether a step of the host is a softmax."""
    return isinstance(step, HostStep) and step.function == "softmax"


def _chain_before(graph: ModelGraph, step: HostStep) -> EngineStep | None:
    takers = [other for other in graph.steps if step.inputs[0] in other.inputs]
    is_given = any(spec.name == step.inputs[0] for spec in graph.outputs)
    if step.parameters or len(step.inputs) != 1 or len(takers) != 1 or is_given:
        return None
    chains = [chain for chain in graph.engine_steps if chain.output == step.inputs[0]]
    return chains[0] if chains else None
