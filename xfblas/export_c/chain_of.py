"""The one chain of layers that a compiled model must be, to be exported."""

from dataclasses import replace
from typing import Any

from xfblas.checks import require_instance
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.errors import UnsupportedModelError
from xfblas.graph import HostStep, ModelGraph
from xfblas.quantization import QuantizedNetwork


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
        others = [
            f"{step.name} ({step.function}: {step.reason})"
            for step in graph.steps
            if isinstance(step, HostStep)
        ]
        raise UnsupportedModelError(
            f"model {graph.name} is no chain of dense layers, which is what a Zynq's kernel runs "
            f"by itself: it has {len(graph.inputs)} inputs, {len(graph.outputs)} outputs, "
            f"{len(graph.engine_steps)} chains, and on the host {', '.join(others) or 'none'}"
        )
    if not networks:
        reasons = ", ".join(host_reasons.values())
        raise UnsupportedModelError(f"the host computes all of model {graph.name}: {reasons}")
    (network,) = networks.values()
    if network.dtype.kind == "f":
        raise UnsupportedModelError(
            f"model {graph.name} computes in float32: expected one that was compiled with "
            "bits=16 or bits=8, whose bytes are the same everywhere"
        )
    return replace(network, output_activation=chain.output_activation)
