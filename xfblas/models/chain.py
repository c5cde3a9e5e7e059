"""The layers of a model in the order of computation, if they are a plain chain."""

from collections import Counter

from xfblas.models.architecture import Architecture, LayerSpec


def chain_of(architecture: Architecture) -> list[tuple[LayerSpec, str | None]]:
    """Puts the layers of a model in the order of computation.

    Returns:
        (layer, problem) pairs; the problem says why the layer is no link of a chain. With any
        problem the order is that of the file.
    """
    calls = {}
    readers = {}
    for call in architecture.calls:
        calls.setdefault(id(call.layer), []).append(call)
        for tensor in call.inputs:
            readers.setdefault(tensor, []).append(call.layer.name)
    unused = {id(layer): problem for layer, problem in architecture.unused}
    inputs = {spec.name for spec in architecture.inputs}
    outputs = Counter(architecture.outputs)
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
        elif outputs.total() > 1 and any(tensor in outputs for tensor in tensors):
            problem = f"is one of {outputs.total()} outputs of the model, expected 1"
        elif len(reads) > 1:
            problem = f"its output goes to {', '.join(reads)}, expected one layer"
        elif reads and any(tensor in outputs for tensor in tensors):
            problem = f"its output goes to {reads[0]} and out of the model, expected one of them"
        else:
            problem = own[0].problem if own else None
        problems[id(layer)] = problem or unused.get(id(layer))
    if any(problems.values()):
        return [(layer, problems[id(layer)]) for layer in architecture.layers]
    return [(call.layer, None) for call in architecture.calls]
