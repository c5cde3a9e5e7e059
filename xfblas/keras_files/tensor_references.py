"""References to tensors within a configuration, of any Keras version."""

from collections.abc import Iterator
from dataclasses import dataclass


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


def references_in(value: object, key: str | None = None) -> Iterator[Reference]:
    """The tensors that a nested structure refers to, of any Keras version."""
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
            history = config.get("keras_history")
            if is_reference(history):
                yield Reference(history[0], history[1], history[2], key)
            return
        for name, part in value.items():
            yield from references_in(part, str(name))
    elif is_reference(value):
        yield Reference(value[0], value[1], value[2], key)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from references_in(part, key)


def is_reference(value: object) -> bool:
    """Whether a value is a list that begins with a layer's name and two numbers."""
    return (
        isinstance(value, (list, tuple))
        and len(value) >= 3
        and isinstance(value[0], str)
        and all(isinstance(index, int) and not isinstance(index, bool) for index in value[1:3])
    )


def has_constants(value: object) -> bool:
    """Whether there is anything but tensors in a structure of a call's inputs."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return False
        return any(has_constants(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return not is_reference(value) and any(has_constants(part) for part in value)
    return True
