"""Who calls whom in the configuration of a functional model, of any Keras version."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reference:
    """A tensor, as configurations name it.

    Attributes:
        layer: that gives it.
        node: which of the layer's calls, in the model's own count.
        tensor: which of the call's outputs.
        key: its key where it stands in a dict.
    """

    layer: str
    node: int
    tensor: int
    key: str | None = None


@dataclass(frozen=True)
class Node:
    """One call of a layer.

    Attributes:
        inputs: the tensors it is called with.
        problem: why the call cannot be followed, or None.
    """

    inputs: tuple[Reference, ...]
    problem: str | None = None


@dataclass(frozen=True)
class Links:
    """The calls of a model's layers.

    Attributes:
        nodes: by layer, in the order of the calls.
        inputs: the model's own.
        outputs: the model's own.
    """

    nodes: dict[str, list[Node]]
    inputs: list[Reference] = field(default_factory=list)
    outputs: list[Reference] = field(default_factory=list)


def links_of(config: dict, entries: list[dict], names: list[str], models: tuple) -> Links:
    """Reads the calls of a functional model.

    Args:
        config: the model's, with its input and output layers.
        entries: its layers as the file lists them.
        names: of the entries, in the same order.
        models: the classes of nested models.
    """
    nodes = {name: _nodes(entry) for name, entry in zip(names, entries, strict=True)}
    inputs = list(_references(config.get("input_layers")))
    outputs = list(_references(config.get("output_layers")))
    shifted, shifted_outputs = _counted_from_one(entries, names, nodes, outputs, models)
    return Links(
        {
            name: [Node(tuple(_counted(call.inputs, shifted)), call.problem) for call in calls]
            for name, calls in nodes.items()
        },
        inputs,
        list(_counted(outputs, shifted_outputs)),
    )


def _counted_from_one(entries, names, nodes, outputs, models):
    """The layers whose calls are counted from 1: as inputs of others, and as the model's outputs.

    Call number 0 of a nested model is its own making. Keras 3 counts so in the outputs alone, the
    versions before it everywhere, though not for every Sequential: their highest number tells.
    """
    classes = {name: entry["class_name"] for name, entry in zip(names, entries, strict=True)}
    nested = {name for name in names if classes[name] in models and nodes[name]}
    if any(_is_of_keras_3(node) for entry in entries for node in _listed_nodes(entry)):
        return set(), {name for name in nested if classes[name] != "Sequential"}
    highest = {}
    references = [r for calls in nodes.values() for call in calls for r in call.inputs]
    for reference in (*references, *outputs):
        highest[reference.layer] = max(highest.get(reference.layer, 0), reference.node)
    shifted = {name for name in nested if highest.get(name) == len(nodes[name])}
    return shifted, shifted


def _counted(references, shifted):
    """The same tensors, with every layer's calls counted from 0."""
    for r in references:
        yield Reference(r.layer, r.node - 1, r.tensor, r.key) if r.layer in shifted else r


def is_operation(entry: dict) -> bool:
    """Whether an entry is a function of ``keras.ops``, which a model may call like a layer."""
    return str(entry.get("module")).startswith("keras.src.ops.")


def arguments_of(entry: dict, tensor: object) -> list:
    """What a function of keras.ops is called with; ``tensor`` stands where there is one."""
    nodes = _listed_nodes(entry)
    if len(nodes) != 1 or not _is_of_keras_3(nodes[0]):
        return []
    return [_without_tensors(part, tensor) for part in _arguments(nodes[0])]


def _arguments(node):
    args = node["args"]
    return list(args) if isinstance(args, (list, tuple)) else [args]


def _without_tensors(value, tensor):
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return tensor
    if isinstance(value, (list, tuple)):
        return [_without_tensors(part, tensor) for part in value]
    return value


def _nodes(entry: dict) -> list[Node]:
    if is_operation(entry):
        return [_operation_node(node) for node in _listed_nodes(entry)]
    return [_node(node) for node in _listed_nodes(entry)]


def _operation_node(node):
    """A call that may have constants, which :func:`arguments_of` gives."""
    keywords = node.get("kwargs") if isinstance(node, dict) else None
    problem = None
    if isinstance(keywords, dict) and any(value is not None for value in keywords.values()):
        problem = f"is called with keywords {', '.join(map(str, keywords))}, expected none"
    return Node(tuple(_references(node.get("args") if isinstance(node, dict) else node)), problem)


def _listed_nodes(entry):
    nodes = entry.get("inbound_nodes")
    return nodes if isinstance(nodes, list) else []


def _is_of_keras_3(node):
    return isinstance(node, dict) and "args" in node


def _node(node: object) -> Node:
    """One call: ``{"args", "kwargs"}`` in Keras 3, a list of references before."""
    if _is_of_keras_3(node):
        args = _arguments(node)
        first, others, keywords = args[:1], args[1:], [node.get("kwargs")]
    else:
        first, others, keywords = node, [], list(_keywords(node))
    problem = None
    if any(isinstance(k, dict) and k.get("training") is True for k in keywords):
        problem = "is called with training=True, which is not what the engine predicts"
    elif any(any(True for _ in _references(value)) for value in keywords) or any(
        other is not None and other is not False for other in others
    ):
        problem = "is called with further arguments, expected its inputs alone"
    elif _has_constants(first):
        problem = "takes a constant as input, expected the outputs of layers"
    return Node(tuple(_references(first)), problem)


def _keywords(node):
    """The fourth part of every reference of Keras 2: [name, call, tensor, keywords]."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        if _is_reference(node):
            yield from node[3:4]
            return
        for part in node:
            yield from _keywords(part)


def _has_constants(value):
    """Whether there is anything but tensors in a structure of a call's inputs."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return False
        return any(_has_constants(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return not _is_reference(value) and any(_has_constants(part) for part in value)
    return True


def _is_reference(value):
    return (
        isinstance(value, (list, tuple))
        and len(value) >= 3
        and isinstance(value[0], str)
        and all(isinstance(index, int) and not isinstance(index, bool) for index in value[1:3])
    )


def _references(value: object, key: str | None = None) -> Iterator[Reference]:
    """The tensors that a nested structure refers to, of any Keras version."""
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
            history = config.get("keras_history")
            if _is_reference(history):
                yield Reference(history[0], history[1], history[2], key)
            return
        for name, part in value.items():
            yield from _references(part, str(name))
    elif _is_reference(value):
        yield Reference(value[0], value[1], value[2], key)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _references(part, key)
