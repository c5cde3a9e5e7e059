"""Architecture and weights together: the network or graph, or all that keeps it from being one."""

from dataclasses import replace

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.models.architecture import Architecture
from xfblas.models.chain import network_of_chain, reasons_against_chain, require_vectors
from xfblas.models.model_graph import ModelGraph
from xfblas.models.network import Network
from xfblas.models.operation_graph import DeclaredLayers, OperationGraph, raise_if_any
from xfblas.models.placement import placements_of
from xfblas.models.segments import steps_from
from xfblas.models.slope import LARGEST_SLOPE
from xfblas.models.stored_weights import StoredWeights


def assemble_network(architecture: Architecture, stored: StoredWeights, separate: bool) -> Network:
    """Builds the network of a plain chain.

    Args:
        architecture: the layers and their calls.
        stored: their weights.
        separate: whether the two came from different places.

    Raises:
        UnsupportedModelError: lists every layer that keeps the model from being one, and why.
        InvalidValueError: the weights do not fit the layers.
    """
    declared = DeclaredLayers.of(architecture)
    reasons = reasons_against_chain(architecture, declared)
    if not reasons:
        parts = (architecture, declared, stored, separate)
        return network_of_chain(OperationGraph(*parts, check=require_vectors))
    try:
        # Layers that are no chain may be steps that are.
        graph = OperationGraph(architecture, declared, stored, separate)
        network = _with_host_steps(graph).as_network()
    except (UnsupportedModelError, InvalidValueError):
        network = None  # What was wrong with it as a chain says more.
    if network is None:
        raise_if_any(reasons, stored.where)
    return network


def assemble_graph(architecture: Architecture, stored: StoredWeights, separate: bool) -> ModelGraph:
    """Builds the graph of a model of any shape; of a plain chain, its network as one step.

    Args:
        architecture, stored, separate: as for :func:`assemble_network`.

    Raises:
        UnsupportedModelError: lists every layer that cannot be run, with its class and why.
        InvalidValueError: the weights do not fit the layers.
    """
    declared = DeclaredLayers.of(architecture)
    graph = OperationGraph(architecture, declared, stored, separate)
    if reasons_against_chain(architecture, declared):
        return _with_host_steps(graph)
    try:
        network = network_of_chain(graph)
    except UnsupportedModelError:
        return _with_host_steps(graph)  # With what the engine cannot compute on the host.
    if any(abs(layer.negative_slope) > LARGEST_SLOPE for layer in network.layers):
        return _with_host_steps(graph)
    return _of_chain(architecture, declared, network)


def _of_chain(architecture, declared, network):
    spec, calls = architecture.inputs[0], architecture.calls
    first = next((call for call in calls if declared.operations[id(call.layer)]), None)
    is_flatten = first is not None and first.layer.class_name == "Flatten"
    keys = (spec.key, architecture.output_keys[0])
    rows = first.output if is_flatten else None
    graph = ModelGraph.from_network(network, spec.name, *keys, rows)
    passed = {call.output for call in calls}
    return replace(graph, placements=placements_of(calls, graph.steps, passed))


def _with_host_steps(graph):
    outputs = {spec.name for spec in graph.outputs}
    steps = tuple(steps_from(graph.operations, outputs))
    architecture = graph.architecture
    placements = placements_of(architecture.calls, steps, graph.alias)
    return ModelGraph(architecture.name, graph.inputs, graph.outputs, steps, placements)
