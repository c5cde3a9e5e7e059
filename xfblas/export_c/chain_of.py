"""The one chain of layers that a compiled model must be, to be exported."""

from dataclasses import replace
from typing import Any

from xfblas.checks import require_instance
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.errors import UnsupportedModelError
from xfblas.graph import HostStep
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
    chain = model.graph.as_network()
    if chain is None:
        others = [
            f"{step.name} ({step.function}: {step.reason})"
            for step in model.graph.steps
            if isinstance(step, HostStep)
        ]
        raise UnsupportedModelError(
            f"model {model.graph.name} is no chain of dense layers, which is what a C project can "
            f"hold: it has {len(model.graph.inputs)} inputs, {len(model.graph.outputs)} outputs, "
            f"{len(model.graph.engine_steps)} chains, and on the host {', '.join(others) or 'none'}"
        )
    if not model.networks:
        reasons = ", ".join(model.host_reasons.values())
        raise UnsupportedModelError(f"the host computes all of model {model.graph.name}: {reasons}")
    (network,) = model.networks.values()
    if network.dtype.kind == "f":
        raise UnsupportedModelError(
            f"model {model.graph.name} computes in float32: expected one that was compiled with "
            "bits=16 or bits=8, whose bytes are the same everywhere"
        )
    return replace(network, output_activation=chain.output_activation)
