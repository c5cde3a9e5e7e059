"""A network as the steps of a graph, and a graph of one chain as a network."""

import math
from dataclasses import replace

from xfblas.models.activations import HOST_FUNCTIONS
from xfblas.models.graph_steps import EngineStep, HostStep
from xfblas.models.network import Network
from xfblas.models.placement import PREACTIVATION, why_on_host


def steps_of_chain(
    network: Network, given: str, found: str, rows: str | None = None
) -> tuple[EngineStep | HostStep, ...]:
    """One engine step, with a flattening before it and an activation after it where needed.

    Args:
        network: the chain.
        given, found: names of the input and the output tensor.
        rows: name of the flattened input.
    """
    steps = []
    shape, tensor = network.input_shape, given
    is_flat, is_linear = len(shape) == 1, network.output_activation == "linear"
    if not is_flat:
        tensor = rows or f"{given}:rows"
        layout = {"shape": [-1]}
        steps.append(HostStep(tensor, (given,), tensor, "reshape", layout, {}, "layout only"))
    inside = replace(network, output_activation="linear", input_shape=(network.input_units,))
    name, reason = network.layers[0].name, _listed(inside)
    logits = found if is_linear else found + PREACTIVATION
    steps.append(EngineStep(name, tensor, logits, inside, reason))
    if not is_linear:
        function = network.output_activation
        name = f"{found}:{function}"
        steps.append(HostStep(name, (logits,), found, function, {}, {}, why_on_host(function)))
    return tuple(steps)


def network_of(graph) -> Network | None:
    """The network of a :class:`~xfblas.models.ModelGraph`; None where it is more than one chain."""
    steps = list(graph.steps)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return None
    shape = graph.inputs[0].shape
    if steps and _is_flatten(steps[0]) and steps[0].inputs == (graph.inputs[0].name,):
        steps.pop(0)
    elif len(shape) != 1:
        return None
    activation = "linear"
    if len(steps) == 2 and _is_activation(steps[1]):
        activation = steps.pop().function
    if len(steps) != 1 or not isinstance(steps[0], EngineStep):
        return None
    if graph.outputs[0].name != graph.steps[-1].output or None in shape:
        return None
    network = steps[0].network
    if math.prod(shape) != network.input_units:
        return None
    output = graph.outputs[0].name
    return replace(
        network, name=graph.name, output_activation=activation, input_shape=shape, output=output
    )


def _listed(network: Network) -> str:
    return "layers " + ", ".join(layer.name for layer in network.layers)


def _is_flatten(step) -> bool:
    return (
        isinstance(step, HostStep)
        and step.function == "reshape"
        and step.parameters.get("shape") == [-1]
    )


def _is_activation(step) -> bool:
    return isinstance(step, HostStep) and step.function in HOST_FUNCTIONS and not step.parameters
