"""The order of a functional model's layers, if they are a plain chain."""

from collections.abc import Iterator


def chain_of(config: dict, entries: list[dict], names: list[str]) -> list[tuple[str, str | None]]:
    """Puts the layers of a functional model in the order of computation.

    Args:
        config: the model's, with its input and output layers.
        entries: its layers as the file lists them.
        names: of the entries, in the same order.

    Returns:
        (name, problem) pairs; the problem says why the layer is no link of a chain. With any
        problem the order is that of the file.
    """
    calls = {name: list(_calls(entry)) for name, entry in zip(names, entries, strict=True)}
    sources = {name: [s for call in calls[name] for s in call[0]] for name in names}
    readers = {name: [n for n in names if name in sources[n]] for name in names}
    inputs, outputs = _ends(config.get("input_layers")), _ends(config.get("output_layers"))

    problems = {}
    for name in names:
        is_input = name in inputs
        if len(calls[name]) > 1:
            problems[name] = f"is used {len(calls[name])} times, expected once"
        elif len(sources[name]) > 1:
            problems[name] = f"takes {len(sources[name])} inputs, expected 1"
        elif not sources[name] and not is_input:
            problems[name] = "has no input"
        elif is_input and len(inputs) > 1:
            problems[name] = f"is one of {len(inputs)} inputs of the model, expected 1"
        elif name in outputs and len(outputs) > 1:
            problems[name] = f"is one of {len(outputs)} outputs of the model, expected 1"
        elif len(readers[name]) > 1:
            problems[name] = f"its output goes to {', '.join(readers[name])}, expected one layer"
        elif any(keywords.get("training") is True for _, keywords in calls[name]):
            problems[name] = "is called with training=True, which is not what the engine predicts"

    order = _backwards(outputs, sources)
    for name in names:
        if name not in order:
            problems.setdefault(name, "is not between the model's input and its output")
    if problems:
        order = names
    return [(name, problems.get(name)) for name in order]


def _backwards(outputs: list[str], sources: dict[str, list[str]]) -> list[str]:
    """The names on the way from the output back to an input, turned round."""
    order = []
    name = outputs[0] if outputs else None
    while name in sources and name not in order:
        order.append(name)
        name = sources[name][0] if sources[name] else None
    return order[::-1]


def _ends(value: object) -> list[str]:
    """Names in ``['input_1', 0, 0]`` or a list (or dict) of such."""
    return list(_references(value))


def _calls(entry: dict) -> Iterator[tuple[list[str], dict]]:
    """(names of the inputs, keywords) of each call of a layer."""
    nodes = entry.get("inbound_nodes")
    for node in nodes if isinstance(nodes, list) else []:
        keywords = node.get("kwargs") if isinstance(node, dict) else None
        if isinstance(node, list) and node and isinstance(node[0], list) and len(node[0]) > 3:
            keywords = node[0][3]  # Keras 2: [name, node index, tensor index, keywords]
        yield list(_references(node)), keywords if isinstance(keywords, dict) else {}


def _references(value: object) -> Iterator[str]:
    """Names of the layers that a nested structure refers to, of any Keras version."""
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
            history = config.get("keras_history")
            if isinstance(history, (list, tuple)) and history:
                yield str(history[0])
            return
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, (list, tuple)):
        is_reference = len(value) >= 3 and isinstance(value[0], str)
        if is_reference and all(isinstance(index, int) for index in value[1:3]):
            yield value[0]
            return
        for part in value:
            yield from _references(part)
