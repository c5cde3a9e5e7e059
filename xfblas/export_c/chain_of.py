"""The one chain of layers that a compiled model must be, to be exported."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from xfblas.checks import require_instance
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.errors import UnsupportedModelError
from xfblas.graph import HostStep, ModelGraph
from xfblas.layers.activations import HOST_FUNCTIONS
from xfblas.layers.placement import PREACTIVATION
from xfblas.quantization import QuantizedNetwork

#: What a model that the kernel does not run by itself can do instead.
WAY_OUT = (
    "Such a model predicts on the board's own processor, with xfblas installed there: "
    "xfblas.load(file).predict; or cut it, and export the dense layers as a model of their own"
)


def chain_of(model: Any) -> QuantizedNetwork:
    """The quantized layers of a compiled model, with what the host computes last.

    Args:
        model: a :class:`~xfblas.CompiledModel` of one chain of dense layers on an integer image.

    Raises:
        InvalidValueError: it is none.
        UnsupportedModelError: it has other steps, each of which is named, or computes in float.
    """
    require_instance("model", model, CompiledModel)
    return chain_of_graph(model.graph, model.networks, model.host_reasons)


def chain_of_graph(
    graph: ModelGraph, networks: dict[str, QuantizedNetwork], host_reasons: dict[str, str]
) -> QuantizedNetwork:
    """:func:`chain_of` of what a compiled model or a ``.xfblas`` file holds."""
    chain = graph.as_network()
    if chain is None:
        raise UnsupportedModelError(
            f"model {graph.name} is no chain of dense layers, which is what a Zynq's kernel runs "
            f"by itself: {'; '.join(_obstacles(graph))}. {WAY_OUT}"
        )
    if not networks:
        reasons = ", ".join(host_reasons.values())
        raise UnsupportedModelError(
            f"the host computes all of model {graph.name}: {reasons}. {WAY_OUT}"
        )
    (network,) = networks.values()
    if network.dtype.kind == "f":
        raise UnsupportedModelError(
            f"model {graph.name} computes in float32: expected one that was compiled with "
            "bits=16 or bits=8, whose bytes are the same everywhere"
        )
    return replace(network, output_activation=chain.output_activation)


def _obstacles(graph: ModelGraph) -> Iterator[str]:
    """What is more than one chain in a graph, with the names of the layers."""
    for kind, tensors in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if len(tensors) != 1:
            yield f"it has {len(tensors)} {kind} ({', '.join(tensor.name for tensor in tensors)})"
    for step in graph.map_steps:
        names = dict.fromkeys(inner.name.removesuffix(PREACTIVATION) for inner in step.steps)
        yield f"it computes on feature maps in layers ({', '.join(names)})"
    host = [step for step in graph.steps if isinstance(step, HostStep)]
    # What C computes too: rows of any shape as one row each, and an activation at the end.
    if host and host[0].function == "reshape" and host[0].inputs == (graph.inputs[0].name,):
        host.pop(0)
    if host and host[-1] is graph.steps[-1] and host[-1].function in HOST_FUNCTIONS:
        host.pop()
    if host:
        names = ", ".join(f"{step.name} ({step.function}: {step.reason})" for step in host)
        yield f"on the host it has {names}"
    chains = graph.engine_steps
    if len(chains) > 1:
        yield f"it has {len(chains)} chains, from {', '.join(step.name for step in chains)}"
    for step in chains:
        for tensor in graph.inputs:
            if tensor.name == step.input and tensor.shape != (step.network.input_units,):
                yield (
                    f"layer {step.name} computes each position of rows of shape {tensor.shape}, "
                    f"expected rows of {step.network.input_units}"
                )
