"""The weights of a file or a model, layer by layer, as they were saved."""

import re
from dataclasses import dataclass

import numpy as np

#: ``dense_1_W`` of Keras 1: the layer's name and the weight's in one word.
_KERAS_1_NAME = re.compile(r"(.+)_(W|b|gamma|beta|running_mean|running_std|alphas)")


@dataclass(frozen=True, eq=False)
class StoredWeight:
    """One array.

    Attributes:
        path: names from the outermost to the weight's own, such as ('dense_1', 'kernel'); the own
            name is a number where only the position is stored.
        values: as saved, of any data type.
    """

    path: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class StoredLayer:
    """The weights of one layer; in the older layout, of one nested model.

    Attributes:
        address: the layer's name after those of the models around it; None if it is not stored.
        slot: the groups that Keras 3 files it under; empty in the older layout.
        weights: in the saved order, at least one.
    """

    address: tuple[str, ...] | None
    slot: tuple[str, ...]
    weights: tuple[StoredWeight, ...]

    def __str__(self):
        name = "/".join(self.address or self.slot)
        arrays = (f"{weight.path[-1]} {weight.values.shape}" for weight in self.weights)
        return f"{name}: {', '.join(arrays)}"


@dataclass(frozen=True, eq=False)
class StoredWeights:
    """All layers that have weights.

    Attributes:
        where: what messages call the source.
        layers: in the order of the file.
    """

    where: str
    layers: tuple[StoredLayer, ...]


def weight_path(name: str) -> tuple[str, ...]:
    """``model/dense/kernel:0`` or ``dense_W`` as its parts, without TensorFlow's number."""
    parts = name.split(":")[0].split("/")
    old = _KERAS_1_NAME.fullmatch(parts[-1])
    return (*parts[:-1], *old.groups()) if old else tuple(parts)


def is_bfloat16(dtype: np.dtype) -> bool:
    """Whether elements are bfloat16, in memory or as HDF5 holds them: two bytes of no type."""
    return dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None


def from_bfloat16(values: np.ndarray) -> np.ndarray:
    """The same numbers as float32, exactly; numpy does not know their upper halves."""
    halves = np.ascontiguousarray(values).view("<u2").astype("<u4")
    return (halves << 16).view("<f4").astype(np.float32, copy=False).reshape(values.shape)
