"""Models in models as the configuration nests them: parts by name, and links between them."""

from dataclasses import dataclass, field

from xfblas.errors import InvalidValueError
from xfblas.keras_files.architecture import (
    MODEL_CLASSES,
    InputSpec,
    LayerSpec,
    checked_entry,
    count_slots,
    name_of,
    stated_shape,
)
from xfblas.keras_files.inbound_nodes import arguments_of, is_operation
from xfblas.keras_files.links import Links, links_of
from xfblas.keras_files.origin import OWN_CODE, is_of_keras, known_name

_DEEPEST = 50


@dataclass
class ModelTree:
    """A model of the configuration.

    Attributes:
        parts: layers and models by name, in the order of the file.
        links: between them; None for a stack, in which each takes what the one before it gives.
        config: the model's own.
    """

    parts: dict
    links: Links | None
    config: dict = field(default_factory=dict)

    def inputs(self) -> list[InputSpec]:
        """What the model takes, if it is the outermost."""
        if self.links is None:
            return [_first_input(self)]
        return [self._input(reference) for reference in self.links.inputs]

    def _input(self, reference):
        part = self.parts.get(reference.layer)
        config = part.config if isinstance(part, LayerSpec) else {}
        shape = stated_shape(config, "InputLayer")
        name = "/".join(part.address) if isinstance(part, LayerSpec) else reference.layer
        return InputSpec(name, shape, _dtype_of(config), reference.key)


class TreeReader:
    """Reads a model and all models in it.

    Args:
        where: what messages call the model.
        keras: major version of the Keras that wrote it.
        problems: why layers cannot be run, by address.

    Attributes:
        layers: of all models, in the order of the file.
    """

    def __init__(self, where: str, keras: int, problems: dict[tuple, str]):
        self._where, self._keras, self._problems = where, keras, problems
        self.layers: list[LayerSpec] = []

    def read(self, class_name, config, models, slots) -> ModelTree:
        """The model and, in the order of the file, its layers."""
        if len(models) > _DEEPEST:
            raise InvalidValueError(f"{self._where}: models are nested more than {_DEEPEST} deep")
        # Before Keras 2.2.3 the configuration of a Sequential was its list of layers.
        listed = config.get("layers") if isinstance(config, dict) else config
        if not isinstance(listed, list):
            raise InvalidValueError(
                f"{self._where}: model {'/'.join(models) or class_name} has no list of layers"
            )
        entries = [checked_entry(entry, i, self._where) for i, entry in enumerate(listed)]
        names = [name_of(entry, index) for index, entry in enumerate(entries)]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InvalidValueError(
                f"{self._where}: several layers have the name {', '.join(repeated)}"
            )
        parts = {}
        for name, entry, slot in zip(names, entries, count_slots(entries), strict=True):
            nested, inner = known_name(entry), entry["config"]
            of_ops = is_operation(entry)
            problem = self._problems.get((*models, name))
            problem = problem if is_of_keras(entry) else OWN_CODE
            if nested in MODEL_CLASSES and problem is None and not of_ops:
                parts[name] = self.read(nested, inner, (*models, name), (*slots, slot))
                continue
            inner = inner if isinstance(inner, dict) else {}
            if of_ops:
                inner = {**inner, "arguments": arguments_of(entry)}
            place = (*slots, slot)
            if nested == "TimeDistributed":
                place = (*place, "layer")  # The weights are its inner layer's.
            spec = LayerSpec(name, nested, inner, models, place, problem, self._keras, of_ops)
            self.layers.append(spec)
            parts[name] = spec
        links = None
        if class_name != "Sequential" and isinstance(config, dict):
            links = links_of(config, entries, names, MODEL_CLASSES)
        return ModelTree(parts, links, config if isinstance(config, dict) else {})


def _first_input(stack):
    """The input of a stack: what its first layers say, those of nested models included."""
    name, dtype, shape, model = None, "float32", None, stack
    outer = []
    while isinstance(model, ModelTree):
        outer.append((model.config, ""))
        if model.links is not None:
            found = next(iter(model.inputs()), InputSpec("input"))
            name, shape, dtype = found.name, found.shape, found.dtype
            break
        model = next(iter(model.parts.values()), None)
    candidates = outer[::-1]
    if isinstance(model, LayerSpec):
        candidates.insert(0, (model.config, model.class_name))
        is_input = model.class_name == "InputLayer"
        name = model.name if is_input else f"{model.name}_input"
        wants_indices = model.class_name == "Embedding"
        dtype = "int64" if wants_indices else _dtype_of(model.config) if is_input else dtype
    for config, class_name in candidates:
        shape = stated_shape(config, class_name) if shape is None else shape
    return InputSpec(name or "input", shape, dtype)


def _dtype_of(config):
    """'int64' for an input of whole numbers."""
    return "int64" if str(config.get("dtype")).startswith(("int", "uint")) else "float32"
