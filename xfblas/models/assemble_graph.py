"""Architecture and weights together: the graph, or everything that keeps it from running."""

from dataclasses import replace

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.models.architecture import Architecture
from xfblas.models.assemble import assemble_chain, paired_weights, raise_if_any
from xfblas.models.model_graph import ModelGraph
from xfblas.models.node_builder import LARGEST_SLOPE, NodeBuilder
from xfblas.models.placement import placements_of
from xfblas.models.segments import steps_from
from xfblas.models.step import CannotRun
from xfblas.models.steps import IDENTITIES, makes_mask, steps_of
from xfblas.models.stored_weights import StoredWeights
from xfblas.models.tensor_spec import TensorSpec


def assemble_graph(architecture: Architecture, stored: StoredWeights, separate: bool) -> ModelGraph:
    """Builds the graph of a model of any shape; of a plain chain, its network as one step.

    Args:
        architecture: the layers and their calls.
        stored: their weights.
        separate: whether the two came from different places.

    Raises:
        UnsupportedModelError: lists every layer that cannot be run, with its class and why.
        InvalidValueError: the weights do not fit the layers.
    """
    try:
        network = assemble_chain(architecture, stored, separate)
    except (UnsupportedModelError, InvalidValueError):
        network = None  # What is wrong with it as a graph is told below.
    if network is not None and all(
        abs(layer.negative_slope) <= LARGEST_SLOPE for layer in network.layers
    ):
        return _of_chain(architecture, network)
    return _with_host_steps(architecture, stored, separate)


def _of_chain(architecture, network):
    spec, calls = architecture.inputs[0], architecture.calls
    first = next((call for call in calls if call.layer.class_name not in IDENTITIES), None)
    rows = first.output if first is not None and first.layer.class_name == "Flatten" else None
    keys = (spec.key, architecture.output_keys[0])
    graph = ModelGraph.from_network(network, spec.name, *keys, rows)
    passed = {call.output for call in calls}
    return replace(graph, placements=placements_of(calls, graph.steps, passed))


def _with_host_steps(architecture, stored, separate):
    where = stored.where
    steps = _steps_by_layer(architecture, where)
    listed = [step for parts in steps.values() for step in parts]
    weights = paired_weights(architecture, listed, stored, separate)
    shapes = {
        spec.name: _input_shape(architecture, spec, steps, weights, where)
        for spec in architecture.inputs
    }
    builder = NodeBuilder(architecture, shapes, where)
    problems = []
    for call in architecture.calls:
        try:
            builder.add(call, steps[id(call.layer)], weights)
        except CannotRun as reason:
            problems.append((call.layer, reason))
    raise_if_any(problems, where)
    outputs = [builder.resolve(tensor) for tensor in architecture.outputs]
    steps = tuple(steps_from(_needed(builder.nodes, outputs), set(outputs), where))
    return ModelGraph(
        architecture.name,
        tuple(TensorSpec(s.name, shapes[s.name], s.dtype, s.key) for s in architecture.inputs),
        tuple(
            TensorSpec(tensor, builder.shape_of(tensor), key=key)
            for tensor, key in zip(outputs, architecture.output_keys, strict=True)
        ),
        steps,
        placements_of(architecture.calls, steps, builder.alias),
    )


def _steps_by_layer(architecture, where):
    """The steps of every layer, by the layer's id; all that cannot be run is reported at once."""
    problems = {id(layer): problem for layer, problem in architecture.unused}
    for call in architecture.calls:
        problems.setdefault(id(call.layer), call.problem)
        problems[id(call.layer)] = problems[id(call.layer)] or call.problem
    masking = [layer for layer in architecture.layers if makes_mask(layer)]
    steps, found = {}, []
    for layer in architecture.layers:
        try:
            if problems.get(id(layer)) is not None:
                raise CannotRun(problems[id(layer)])
            steps[id(layer)] = steps_of(layer)
            if masking and any(step.uses_mask for step in steps[id(layer)]):
                raise CannotRun(f"it may skip what {masking[0]} masks, which is not supported")
        except CannotRun as reason:
            found.append((layer, reason))
    raise_if_any(found, where)
    return steps


def _input_shape(architecture, spec, steps, weights, where):
    """The shape of an input; where nothing states it, the first weights after it tell the width."""
    if spec.shape not in (None, (None,)):
        return spec.shape
    tensor = spec.name
    for call in architecture.calls:
        if call.inputs != (tensor,):
            continue
        for step in steps[id(call.layer)]:
            own = weights.get(id(step), {})
            if step.kind == "dense" and own["kernel"].ndim == 2:
                return own["kernel"].shape[:1]
            if step.kind == "scale" and "moving_mean" in own:
                return own["moving_mean"].shape
            if step.kind == "host" and step.value == "embedding":
                return spec.shape or (None,)
        tensor = call.output
    if spec.shape is not None:
        return spec.shape
    raise UnsupportedModelError(
        f"{where} cannot be run: the shape of its input {spec.name} is not stated, and no weights "
        "tell it"
    )


def _needed(nodes, outputs):
    """The nodes that an output depends on."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if node.output in wanted:
            wanted |= set(node.inputs)
            kept.append(node)
    return kept[::-1]
