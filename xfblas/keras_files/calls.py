"""Models in models, laid flat: every layer once, and every call of it in its place."""

from xfblas.errors import InvalidValueError
from xfblas.keras_files.architecture import (
    Architecture,
    Call,
    LayerSpec,
    class_and_config,
    major_version,
)
from xfblas.keras_files.model_tree import ModelTree, TreeReader

#: Calls of layers, counted in every model as often as it is called.
_MOST_CALLS = 100_000


def parse_architecture(
    value: object, where: str, keras: int = 3, problems: dict[tuple, str] | None = None
) -> Architecture:
    """Reads a model's configuration.

    Args:
        value: what ``to_json`` or ``get_config`` of any Keras version gives, as dicts and lists.
        where: what messages call it, for example the file's name.
        keras: major version of the Keras that wrote it, unless it says itself.
        problems: why layers cannot be run, by address, where that is known from elsewhere.

    Raises:
        InvalidValueError: it is not the configuration of a model.
    """
    class_name, config = class_and_config(value, where)
    if isinstance(value, dict) and "keras_version" in value:
        keras = major_version(value["keras_version"])
    reader = TreeReader(where, keras, problems or {})
    tree = reader.read(class_name, config, (), ())
    name = config.get("name") if isinstance(config, dict) else None
    return _Caller(where).lay_out(tree, reader.layers, str(name or class_name.lower()))


class _Caller:
    """Calls the parts of models, each as often as it is called."""

    def __init__(self, where):
        self._where = where
        self._calls: list[Call] = []
        self._used: dict[str, int] = {}
        self._entered: set[int] = set()

    def lay_out(self, model, layers, name) -> Architecture:
        """The calls of the outermost model."""
        inputs = tuple(model.inputs())
        for spec in inputs:
            self._name(spec.name)
        outputs = self._call_model(model, [spec.name for spec in inputs], None)
        called = {id(call.layer) for call in self._calls} | self._entered
        keys = tuple(r.key for r in model.links.outputs) if model.links else (None,)
        unused = [
            (layer, "is not between the model's input and its output")
            for layer in layers
            if id(layer) not in called
        ]
        if any(output is None for output in outputs) or not outputs:
            unused = unused or [(layer, "has no way to the output") for layer in layers[-1:]]
            outputs = ()
        calls, outputs = tuple(self._calls), tuple(outputs)
        return Architecture(name, tuple(layers), calls, inputs, outputs, keys, tuple(unused))

    def _call_model(self, model, tensors, problem):
        """Calls every part of a model; gives its outputs, None for one that nothing computes."""
        if model.links is None:
            for part in model.parts.values():
                if None in tensors:
                    break
                tensors = self._call(part, tensors, problem)
            return tensors
        found = {}
        for reference, tensor in zip(model.links.inputs, tensors, strict=False):
            found[reference.layer, reference.node] = [tensor]
        pending = [
            (name, index, node)
            for name, nodes in model.links.nodes.items()
            for index, node in enumerate(nodes)
        ]
        while pending:
            waiting = []
            for name, index, node in pending:
                sources = [_tensor(found, reference) for reference in node.inputs]
                if None in sources or not sources:
                    waiting.append((name, index, node))
                    continue
                sources = _by_key(model.parts[name], node, sources)
                reason = problem or node.problem
                if isinstance(sources, str):
                    reason, sources = sources, [_tensor(found, node.inputs[0])]
                found[name, index] = self._call(model.parts[name], sources, reason)
            if len(waiting) == len(pending):
                break
            pending = waiting
        parts = [model.parts.get(reference.layer) for reference in model.links.inputs]
        self._entered |= {id(part) for part in parts if isinstance(part, LayerSpec)}
        return [_tensor(found, reference) for reference in model.links.outputs]

    def _call(self, part, tensors, problem):
        if isinstance(part, ModelTree):
            expected = 1 if part.links is None else len(part.links.inputs)
            if len(tensors) != expected:
                problem = problem or f"is called with {len(tensors)} inputs, expected {expected}"
                tensors = (list(tensors) * expected)[:expected]
            return self._call_model(part, tensors, problem)
        if len(self._calls) >= _MOST_CALLS:
            raise InvalidValueError(f"{self._where}: layers are called over {_MOST_CALLS} times")
        call = Call(part, tuple(tensors), self._name("/".join(part.address)), problem)
        self._calls.append(call)
        return [call.output]

    def _name(self, name):
        """The name itself, or for a later call with its number."""
        count = self._used[name] = self._used.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"


def _tensor(found, reference):
    """The tensor of a reference, None where it is not computed (yet)."""
    outputs = found.get((reference.layer, reference.node), [])
    return outputs[reference.tensor] if 0 <= reference.tensor < len(outputs) else None


def _by_key(part, node, sources):
    """The tensors of a dict in the order of a nested model's inputs; a text if they do not fit."""
    keys = [reference.key for reference in node.inputs]
    if not isinstance(part, ModelTree) or None in keys or part.links is None:
        return sources
    by_key = dict(zip(keys, sources, strict=True))
    wanted = [r.key if r.key in by_key else r.layer for r in part.links.inputs]
    if set(wanted) != set(by_key):
        return f"is called with inputs {', '.join(keys)}, expected {', '.join(wanted)}"
    return [by_key[key] for key in wanted]
