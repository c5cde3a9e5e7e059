"""The calls of one layer in a configuration, which Keras keeps as its inbound nodes."""

from dataclasses import dataclass

from xfblas.keras_files.tensor_references import (
    Reference,
    has_constants,
    is_reference,
    references_in,
)

#: Stands in a call's arguments where a tensor is.
TENSOR = object()


@dataclass(frozen=True)
class InboundNode:
    """One call of a layer.

    Attributes:
        inputs: the tensors it is called with.
        problem: why the call cannot be followed, or None.
    """

    inputs: tuple[Reference, ...]
    problem: str | None = None


def inbound_nodes(entry: dict) -> list[InboundNode]:
    """The calls of a layer, of a nested model, or of a function of keras.ops."""
    if is_operation(entry):
        return [_operation_node(node) for node in _listed_nodes(entry)]
    return [_node(node) for node in _listed_nodes(entry)]


def _operation_node(node):
    """A call that may have constants, which :func:`arguments_of` gives."""
    keywords = node.get("kwargs") if isinstance(node, dict) else None
    problem = None
    if isinstance(keywords, dict) and any(value is not None for value in keywords.values()):
        problem = f"is called with keywords {', '.join(map(str, keywords))}, expected none"
    arguments = node.get("args") if isinstance(node, dict) else node
    return InboundNode(tuple(references_in(arguments)), problem)


def is_operation(entry: dict) -> bool:
    """Whether an entry is a function of ``keras.ops``, which a model may call like a layer."""
    return str(entry.get("module")).startswith("keras.src.ops.")


def arguments_of(entry: dict) -> list:
    """What a function of keras.ops is called with, TENSOR where there is one."""
    nodes = _listed_nodes(entry)
    if len(nodes) != 1 or not _is_of_keras_3(nodes[0]):
        return []
    return [_without_tensors(part) for part in _arguments(nodes[0])]


def is_called_by_keras_3(entry: dict) -> bool:
    """Whether an entry has a call, and Keras 3 wrote it."""
    return any(_is_of_keras_3(node) for node in _listed_nodes(entry))


def _listed_nodes(entry):
    nodes = entry.get("inbound_nodes")
    return nodes if isinstance(nodes, list) else []


def _is_of_keras_3(node):
    return isinstance(node, dict) and "args" in node


def _node(node: object) -> InboundNode:
    """One call: ``{"args", "kwargs"}`` in Keras 3, a list of references before."""
    if _is_of_keras_3(node):
        args = _arguments(node)
        first, others, keywords = args[:1], args[1:], [node.get("kwargs")]
    else:
        first, others, keywords = node, [], list(_keywords(node))
    problem = None
    if any(isinstance(k, dict) and k.get("training") is True for k in keywords):
        problem = "is called with training=True, which is not what the engine predicts"
    elif any(any(True for _ in references_in(value)) for value in keywords) or any(
        other is not None and other is not False for other in others
    ):
        problem = "is called with further arguments, expected its inputs alone"
    elif has_constants(first):
        problem = "takes a constant as input, expected the outputs of layers"
    return InboundNode(tuple(references_in(first)), problem)


def _keywords(node):
    """The fourth part of every reference of Keras 2: [name, call, tensor, keywords]."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        if is_reference(node):
            yield from node[3:4]
            return
        for part in node:
            yield from _keywords(part)


def _arguments(node):
    args = node["args"]
    return list(args) if isinstance(args, (list, tuple)) else [args]


def _without_tensors(value):
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return TENSOR
    if isinstance(value, (list, tuple)):
        return [_without_tensors(part) for part in value]
    return value
