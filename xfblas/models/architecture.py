"""A model's architecture: the configuration of any Keras version as a flat list of layers."""

import re
from dataclasses import dataclass

from xfblas.errors import InvalidValueError
from xfblas.models.graph import chain_of

MODEL_CLASSES = ("Sequential", "Functional", "Model")
_DEEPEST = 50


@dataclass(frozen=True)
class LayerSpec:
    """One layer as the configuration describes it.

    Attributes:
        name: the layer's.
        class_name: of its Keras class.
        config: its own configuration.
        models: names of the nested models around it, outermost first.
        slot: the groups that Keras 3 files its weights under: snake-case class names, counted
            within each model.
        problem: why it cannot be run where it stands, or None.
    """

    name: str
    class_name: str
    config: dict
    models: tuple[str, ...] = ()
    slot: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def address(self) -> tuple[str, ...]:
        """The name, after those of the models around it."""
        return (*self.models, self.name)

    def __str__(self):
        return f"{'/'.join(self.address)} ({self.class_name})"


@dataclass(frozen=True)
class Architecture:
    """A model's layers in the order of computation.

    Attributes:
        input_shape: of one row; None where it is unknown, which also each of its sizes may be.
    """

    name: str
    layers: tuple[LayerSpec, ...]
    input_shape: tuple[int | None, ...] | None = None


def parse_architecture(value: object, where: str) -> Architecture:
    """Reads a model's configuration.

    Args:
        value: what ``to_json`` or ``get_config`` of any Keras version gives, as dicts and lists.
        where: what messages call it, for example the file's name.

    Raises:
        InvalidValueError: it is not the configuration of a model.
    """
    class_name, config = _class_and_config(value, where)
    specs = tuple(_flatten(class_name, config, where, (), ()))
    name = config.get("name") if isinstance(config, dict) else None
    outer = [config] if isinstance(config, dict) else []
    candidates = [*(spec.config for spec in specs[:1]), *outer]
    shapes = (_input_shape(candidate) for candidate in candidates)
    shape = next((shape for shape in shapes if shape), None)
    return Architecture(str(name or class_name.lower()), specs, shape)


def snake_case(class_name: str) -> str:
    """``LeakyReLU`` -> ``leaky_re_lu``: how Keras names layers and the groups of their weights."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _class_and_config(value, where):
    """The model's class and its configuration; ``get_config`` alone does not name the class."""
    if isinstance(value, list):
        return "Sequential", value
    if not isinstance(value, dict):
        raise InvalidValueError(
            f"{where}: the architecture is a {type(value).__name__}, expected the configuration "
            "of a Keras model"
        )
    if "class_name" not in value and "layers" in value:
        return ("Functional" if "input_layers" in value else "Sequential"), value
    class_name = value.get("class_name")
    if class_name not in MODEL_CLASSES or "config" not in value:
        raise InvalidValueError(
            f"{where}: the architecture is of class {class_name!r}, expected a Sequential or "
            "Functional model: save a subclassed model's layers as one of those"
        )
    return class_name, value["config"]


def _flatten(class_name, config, where, models, slots):
    """The layers of a model and of the models nested in it."""
    if len(models) > _DEEPEST:
        raise InvalidValueError(f"{where}: models are nested more than {_DEEPEST} deep")
    # Before Keras 2.2.3 the configuration of a Sequential was its list of layers.
    listed = config.get("layers") if isinstance(config, dict) else config
    if not isinstance(listed, list):
        raise InvalidValueError(
            f"{where}: model {'/'.join(models) or class_name} has no list of layers"
        )
    entries = [_checked(entry, index, where) for index, entry in enumerate(listed)]
    names = [_name_of(entry, index) for index, entry in enumerate(entries)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidValueError(f"{where}: several layers have the name {', '.join(repeated)}")
    by_name = dict(zip(names, entries, strict=True))
    own_slots = dict(zip(names, _count_slots(entries), strict=True))
    links = [(name, None) for name in names]
    if class_name != "Sequential" and isinstance(config, dict):
        links = chain_of(config, entries, names)
    for name, problem in links:
        entry = by_name[name]
        slot = (*slots, own_slots[name])
        nested = entry["class_name"]
        if nested in MODEL_CLASSES and problem is None:
            yield from _flatten(nested, entry["config"], where, (*models, name), slot)
        else:
            own = entry["config"] if isinstance(entry["config"], dict) else {}
            yield LayerSpec(name, nested, own, models, slot, problem)


def _checked(entry, index, where):
    """The entry, if it has the form of a layer."""
    is_layer = (
        isinstance(entry, dict)
        and isinstance(entry.get("class_name"), str)
        and isinstance(entry.get("config"), (dict, list))
    )
    if not is_layer:
        raise InvalidValueError(
            f"{where}: entry {index} of the layers is {str(entry)[:80]}, expected class_name and "
            "config"
        )
    return entry


def _name_of(entry, index):
    config = entry["config"]
    name = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    return name if isinstance(name, str) else f"{snake_case(entry['class_name'])}_{index + 1}"


def _count_slots(entries):
    """dense, dense_1, ... for each class in the order of the file."""
    counts = {}
    slots = []
    for entry in entries:
        base = snake_case(entry["class_name"])
        count = counts.get(base, 0)
        counts[base] = count + 1
        slots.append(f"{base}_{count}" if count else base)
    return slots


def _input_shape(config):
    """The shape of one row that a configuration states, or None."""
    for key in ("batch_shape", "batch_input_shape", "build_input_shape"):
        shape = config.get(key)
        if _is_shape(shape) and len(shape) > 1:
            return tuple(shape[1:])
    if _is_shape(config.get("input_shape")):
        return tuple(config["input_shape"])
    width = config.get("input_dim")
    return (width,) if isinstance(width, int) else None


def _is_shape(value):
    return isinstance(value, (list, tuple)) and all(
        size is None or (isinstance(size, int) and size > 0) for size in value
    )
