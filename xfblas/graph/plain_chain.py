"""A model that is a plain chain: as one network of the engine, or why it is none."""

from collections import Counter
from dataclasses import replace

from xfblas.errors import UnsupportedModelError
from xfblas.graph.fold import Folder
from xfblas.graph.model_graph import ModelGraph
from xfblas.graph.network import Network
from xfblas.graph.operation_graph import DeclaredLayers, OperationGraph, unsupported
from xfblas.keras_files.architecture import LayerSpec
from xfblas.layers.dense import Dense
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import CannotRun, Operation, Place
from xfblas.layers.placement import placements_of
from xfblas.layers.reshaping import Reshape
from xfblas.layers.scaling import Scale


def network_of_chain(graph: OperationGraph) -> Network:
    """The network of a model that has no :func:`reasons_against_chain`.

    Raises:
        UnsupportedModelError: names the first layer that the engine cannot compute, and why.
    """
    if all(_passes_on(operation) for operation in graph.operations):
        raise UnsupportedModelError(f"{graph.where} cannot be run: it has no layers that compute")
    architecture = graph.declared.architecture
    shape, stated = graph.inputs[0].shape, architecture.inputs[0].shape
    folder = Folder(is_stated=stated is not None and None not in stated)
    activation = None
    try:
        for operation in graph.operations:
            activation = _added(folder, operation) or activation
        layers = folder.end(activation)
        _require_flat(graph.outputs[0].shape, "the model's output")
    except CannotRun as reason:
        raise unsupported([(operation.layer, reason)], graph.where) from None
    last = activation or layers[-1]
    function = activation.function if activation else "linear"
    if None in shape:
        shape = layers[0].kernel.shape[:1]
    return Network(architecture.name, layers, function, shape, last.output, folder.center)


def graph_of_chain(declared: DeclaredLayers, network: Network) -> ModelGraph:
    """The steps of a model that is one network."""
    architecture = declared.architecture
    spec, calls = architecture.inputs[0], architecture.calls
    first = next(call for call in calls if declared.of(call.layer))
    rows = first.output if first.layer.class_name == "Flatten" else None
    keys = (spec.key, architecture.output_keys[0])
    graph = ModelGraph.from_network(network, spec.name, *keys, rows)
    passed = {call.output for call in calls}
    return replace(graph, placements=placements_of(calls, graph.steps, passed))


def _added(folder, operation) -> HostOperation | None:
    """Adds an operation; gives it back where it is for the host, after all layers."""
    if _passes_on(operation):
        return None
    if isinstance(operation, HostOperation):
        if operation.refusal is not None:
            raise CannotRun(operation.refusal)
        _require_flat(operation.place.shapes[0], "its input")
        return operation
    require_vectors(operation, operation.place)
    folder.add(operation.of_flat_row() if isinstance(operation, Scale) else operation)
    return None


def require_vectors(operation: Operation, place: Place) -> None:
    """Raises CannotRun where a Dense of a chain would take rows of more than one axis."""
    shape = place.shapes[0]
    if not isinstance(operation, Dense):
        return
    if len(shape) > 1 and shape[-1] is None:
        raise CannotRun(
            f"its input has the shape {shape} with an open axis, expected flat rows (if Keras 3 "
            "loaded this model from an older file, pass the path of that file)"
        )
    _require_flat(shape, "its input")


def _require_flat(shape, what):
    if len(shape) != 1:
        raise CannotRun(f"{what} has rows of shape {shape}, expected flat rows: use Flatten")


def reasons_against_chain(declared: DeclaredLayers) -> list[tuple[LayerSpec, CannotRun | str]]:
    """Why a model is no plain chain, layer by layer, as far as it can be told without weights."""
    architecture, links = declared.architecture, _broken_links(declared.architecture)
    reasons = {}
    for layer in architecture.layers:
        refusals = (part.refusal for part in declared.of(layer) if part.refusal is not None)
        reason = links.get(id(layer)) or declared.problems.get(id(layer)) or next(refusals, None)
        if reason is not None:
            reasons[id(layer)] = (layer, reason)
    called = {id(call.layer): call.layer for call in architecture.calls}
    fine = [layer for key, layer in called.items() if key not in reasons]
    operations = [part for layer in fine for part in declared.of(layer)]
    found = list(reasons.values())
    for index, operation in enumerate(operations):
        later = [part for part in operations[index + 1 :] if not _passes_on(part)]
        if isinstance(operation, HostOperation) and later:
            reason = (
                f"{operation.function} is computed on the host, so it can only be the last; "
                f"{later[0].layer} comes after it"
            )
            found.append((operation.layer, reason))
    return found


def _passes_on(operation) -> bool:
    """Whether an operation leaves the values of a flat row as they are."""
    is_placed_reshape = getattr(operation, "function", "") == "reshape"
    return isinstance(operation, Reshape) or is_placed_reshape or operation.does_nothing


def _broken_links(architecture) -> dict[int, str]:
    """What keeps each layer from being a link of a chain, by the layer's id."""
    calls = {}
    readers = {}
    for call in architecture.calls:
        calls.setdefault(id(call.layer), []).append(call)
        for tensor in call.inputs:
            readers.setdefault(tensor, []).append(call.layer.name)
    inputs = {spec.name for spec in architecture.inputs}
    outputs = Counter(architecture.outputs)
    # Not every input has a layer of its own: those of ONNX have none.
    bare = inputs - {layer.path for layer in architecture.layers}
    problems = {}
    for layer in architecture.layers:
        own = calls.get(id(layer), [])
        name = "/".join(layer.address)
        is_input = layer.class_name == "InputLayer" and name in inputs
        tensors = [name] if is_input else [call.output for call in own]
        reads = [reader for tensor in tensors for reader in readers.get(tensor, [])]
        if len(own) > 1:
            problem = f"is used {len(own)} times, expected once"
        elif own and len(own[0].inputs) != 1:
            problem = f"takes {len(own[0].inputs)} inputs, expected 1"
        elif is_input and len(inputs) > 1:
            problem = f"is one of {len(inputs)} inputs of the model, expected 1"
        elif own and len(inputs) > 1 and bare & set(own[0].inputs):
            problem = f"takes one of {len(inputs)} inputs of the model, expected 1"
        elif outputs.total() > 1 and any(tensor in outputs for tensor in tensors):
            problem = f"is one of {outputs.total()} outputs of the model, expected 1"
        elif len(reads) > 1:
            problem = f"its output goes to {', '.join(reads)}, expected one layer"
        elif reads and any(tensor in outputs for tensor in tensors):
            problem = f"its output goes to {reads[0]} and out of the model, expected one of them"
        else:
            continue
        problems[id(layer)] = problem
    return problems
