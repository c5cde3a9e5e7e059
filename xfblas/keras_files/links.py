"""Who calls whom in the configuration of a functional model, of any Keras version."""

from dataclasses import dataclass, field, replace

from xfblas.keras_files.inbound_nodes import InboundNode, inbound_nodes, is_called_by_keras_3
from xfblas.keras_files.tensor_references import Reference, references_in


@dataclass(frozen=True)
class Links:
    """The calls of a model's layers.

    Attributes:
        nodes: by layer, in the order of the calls.
        inputs: the model's own.
        outputs: the model's own.
    """

    nodes: dict[str, list[InboundNode]]
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
    nodes = {name: inbound_nodes(entry) for name, entry in zip(names, entries, strict=True)}
    inputs = list(references_in(config.get("input_layers")))
    outputs = list(references_in(config.get("output_layers")))
    shifted, shifted_outputs = _counted_from_one(entries, names, nodes, outputs, models)
    return Links(
        {
            name: [replace(call, inputs=tuple(_counted(call.inputs, shifted))) for call in calls]
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
    if any(is_called_by_keras_3(entry) for entry in entries):
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
        yield replace(r, node=r.node - 1) if r.layer in shifted else r
