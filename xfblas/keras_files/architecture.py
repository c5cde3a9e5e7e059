"""A model's architecture: the configuration of any Keras version as layers and their calls."""

import re
from dataclasses import dataclass

from xfblas.errors import InvalidValueError
from xfblas.keras_files.origin import is_of_keras

MODEL_CLASSES = ("Sequential", "Functional", "Model")


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """One layer as the configuration describes it.

    Attributes:
        name: the layer's.
        class_name: of its Keras class.
        config: its own configuration.
        models: names of the nested models around it, outermost first.
        slot: the groups that Keras 3 files its weights under: snake-case class names, counted
            within each model.
        problem: why it cannot be run wherever it stands, or None.
        keras: major version of the Keras that wrote it, as some functions differ.
        is_operation: whether it is a function of keras.ops and no layer; its configuration then
            has the ``arguments`` of its call.
    """

    name: str
    class_name: str
    config: dict
    models: tuple[str, ...] = ()
    slot: tuple[str, ...] = ()
    problem: str | None = None
    keras: int = 3
    is_operation: bool = False

    @property
    def address(self) -> tuple[str, ...]:
        """The name, after those of the models around it."""
        return (*self.models, self.name)

    @property
    def path(self) -> str:
        """The address as text, as traces and reports have it."""
        return "/".join(self.address)

    def __str__(self):
        return f"{self.path} ({self.class_name})"


@dataclass(frozen=True, eq=False)
class Call:
    """One use of a layer.

    Attributes:
        layer: of which there may be several calls.
        inputs: names of tensors.
        output: name of the tensor that it gives, its own.
        problem: why this call cannot be run, or None.
    """

    layer: LayerSpec
    inputs: tuple[str, ...]
    output: str
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class Architecture:
    """A model's layers and how they are called.

    Attributes:
        layers: each once, in the order of the file.
        calls: in an order of computation.
        inputs: specs of the tensors it takes; the shape is None where it is unknown.
        outputs: names of the tensors it gives.
        output_keys: their keys where the model gives a dict.
        unused: layers that are on no way from an input to an output.
    """

    name: str
    layers: tuple[LayerSpec, ...]
    calls: tuple[Call, ...]
    inputs: tuple["InputSpec", ...]
    outputs: tuple[str, ...]
    output_keys: tuple[str | None, ...] = (None,)
    unused: tuple[tuple[LayerSpec, str], ...] = ()


@dataclass(frozen=True)
class InputSpec:
    """An input: its tensor, and what the configuration says of it."""

    name: str
    shape: tuple[int | None, ...] | None = None
    dtype: str = "float32"
    key: str | None = None


def class_and_config(value: object, where: str) -> tuple[str, dict | list]:
    """The model's class and its configuration; ``get_config`` alone does not name the class.

    Raises:
        InvalidValueError: it is not the configuration of a model.
    """
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
    if class_name not in MODEL_CLASSES or "config" not in value or not is_of_keras(value):
        raise InvalidValueError(
            f"{where}: the architecture is of class {class_name!r}, expected a Sequential or "
            "Functional model of Keras' own: save a subclassed model's layers as one of those"
        )
    return class_name, value["config"]


def checked_entry(entry: object, index: int, where: str) -> dict:
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


def name_of(entry: dict, index: int) -> str:
    """The layer's name; one is made up where the file has none."""
    config = entry["config"]
    name = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    return name if isinstance(name, str) else f"{snake_case(entry['class_name'])}_{index + 1}"


def snake_case(class_name: str) -> str:
    """``LeakyReLU`` -> ``leaky_re_lu``: how Keras names layers and the groups of their weights."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def count_slots(entries: list[dict]) -> list[str]:
    """dense, dense_1, ... for each class in the order of the file."""
    counts = {}
    slots = []
    for entry in entries:
        base = snake_case(entry["class_name"])
        count = counts.get(base, 0)
        counts[base] = count + 1
        slots.append(f"{base}_{count}" if count else base)
    return slots


def major_version(version: object) -> int:
    """2 of ``2.15.0``, text or bytes; that of today's Keras where it is not stated."""
    if isinstance(version, bytes):
        version = version.decode("utf-8", "replace")
    digits = re.match(r"\d+", str(version))
    return int(digits.group()) if digits else 3


def stated_shape(config: dict, class_name: str = "") -> tuple[int | None, ...] | None:
    """The shape of one row that a configuration states, or None."""
    shortest = 1 if class_name == "InputLayer" else 2
    for key in ("batch_shape", "batch_input_shape", "build_input_shape"):
        shape = config.get(key)
        if _is_shape(shape) and len(shape) >= shortest:
            return tuple(shape[1:])
    shape = config.get("input_shape")
    if _is_shape(shape) and shape:
        return tuple(shape)
    width = config.get("input_dim")
    # An embedding calls the number of its rows by the same word.
    is_width = isinstance(width, int) and width > 0 and class_name != "Embedding"
    return (width,) if is_width else None


def _is_shape(value):
    return isinstance(value, (list, tuple)) and all(
        size is None or (isinstance(size, int) and size > 0) for size in value
    )
