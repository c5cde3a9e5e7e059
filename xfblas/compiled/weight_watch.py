"""Whether the weights of a keras.Model are still those that were seen before."""

import zlib

import numpy as np


class WeightWatch:
    """What the weights of a model were when it was made.

    To look costs little: as long as variables hold the same arrays, nothing has changed. Only where
    they do not, numbers are compared, by a checksum.

    Args:
        weights: the model's variables.
    """

    def __init__(self, weights):
        self._weights = list(weights)
        self.look()
        self._checksum = _checksum(self._weights)

    def look(self) -> None:
        """Takes the arrays that the variables hold now for unchanged."""
        self._seen = [_version_of(weight) for weight in self._weights]

    def is_unchanged(self) -> bool:
        """Whether every variable holds the array that it held when it was looked at."""
        for weight, (value, number) in zip(self._weights, self._seen, strict=True):
            now = _held(weight)
            if now is not value or (number is not None and version_number(now) != number):
                return False
        return True

    def has_same_numbers(self, weights) -> bool:
        """Whether a model's variables have the numbers that they had at first."""
        return _checksum(weights) == self._checksum


def version_number(value) -> int | None:
    """None for arrays that are replaced, not changed, by an assignment.

    Those are jax's and numpy's. A tensor of torch counts its changes; for TensorFlow's variables
    there is only a checksum of their numbers.
    """
    module = type(value).__module__
    if module.startswith("torch"):
        return value._version
    if module.startswith(("jax", "numpy", "openvino")):
        return None
    return zlib.crc32(np.ascontiguousarray(value))


def _version_of(weight) -> tuple:
    """The array that a Keras variable holds, and a number where arrays change in place."""
    value = _held(weight)
    return value, version_number(value)


def _held(weight):
    """What a Keras variable holds, without the casts that its ``value`` looks for."""
    found = getattr(weight, "_value", None)
    found = weight.value if found is None else found
    # A variable of Keras 2 is TensorFlow's own, which reads its value by a method.
    return weight if callable(found) else found


def _checksum(weights) -> int:
    """Of all numbers, in order."""
    checksum = 0
    for weight in weights:
        value = _held(weight)
        if hasattr(value, "detach"):
            value = value.detach().cpu()
        checksum = zlib.crc32(np.ascontiguousarray(value), checksum)
    return checksum
