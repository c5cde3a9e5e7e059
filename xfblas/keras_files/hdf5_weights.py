"""Weights in an HDF5 file, in the layout of any Keras version."""

import re

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.hdf5 import Dataset, Group
from xfblas.keras_files.stored_weights import StoredLayer, StoredWeight, StoredWeights, weight_path

#: Groups between a model's and a layer's in the layout of Keras 3 and of its forerunners.
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
#: State that is saved beside the weights, of a model or a layer, that a prediction does not need.
_NOT_WEIGHTS = ("optimizer", "metrics", "compile_metrics", "seed_generator")
#: The same in the older layout, by the name of the array.
_SEED = "seed_generator_state"


def read_weights(file: Group, where: str, required: bool = True) -> StoredWeights:
    """Reads the weights of an open HDF5 file of any Keras version.

    Args:
        file: open.
        where: what messages call it.
        required: whether a file without weights is an error.

    Raises:
        InvalidValueError: the file has none of the known layouts.
    """
    named = "layer_names" in file.attrs or "layer_names0" in file.attrs
    # In a file of weights alone, that would be a layer of this name.
    root = file if named else file.get("model_weights", file)
    if "layer_names" in root.attrs or "layer_names0" in root.attrs:
        layers = _read_named(root, where)
    elif "nb_layers" in root.attrs:
        layers = _read_numbered(root, where)
    else:
        layers = _read_slots(file, where)
    if not layers and required:
        raise InvalidValueError(
            f"{where}: no Keras weights found in this HDF5 file, which holds "
            f"{', '.join(list(file)[:8]) or 'nothing'}; expected layer_names or vars groups"
        )
    return StoredWeights(where, tuple(layers))


def _read_named(root, where):
    """Keras 1 and 2, and ``.h5`` of Keras 3: a group for each layer, in the order of a list."""
    layers = []
    for name in _texts(root, "layer_names"):
        group = _member(root, name, where)
        weights = tuple(
            StoredWeight(weight_path(weight), _array(group, weight, where))
            for weight in _texts(group, "weight_names")
            if weight.split("/")[-1].split(":")[0] != _SEED
        )
        if weights:
            layers.append(StoredLayer((name,), (), weights))
    return layers


def _read_numbered(root, where):
    """Before Keras 1: layer_0/param_0, with neither the layers' names nor the weights'."""
    layers = []
    for index in range(int(root.attrs["nb_layers"])):
        group = _member(root, f"layer_{index}", where)
        weights = tuple(
            StoredWeight((str(number),), _array(group, f"param_{number}", where))
            for number in range(int(group.attrs.get("nb_params", 0)))
        )
        if weights:
            layers.append(StoredLayer(None, (f"layer_{index}",), weights))
    return layers


def _read_slots(file, where):
    """``.weights.h5`` and ``.keras``: layers/dense_1/vars/0, the layer's name on ``vars``."""
    arrays, names = {}, {}

    def visit(path, item):
        # Some versions of Keras 2 wrote backslashes, and another word for layers.
        parts = path.replace("\\", "/").split("/")
        slot = tuple(p for p in parts if p not in _CONTAINERS)
        # Within a container the same word is the name of a layer's class.
        held = zip(["", *parts], parts, strict=False)
        if not slot or any(p in _NOT_WEIGHTS and of not in _CONTAINERS for of, p in held):
            return
        if slot[-1] == "vars" and "name" in item.attrs:
            names[slot[:-1]] = _text(item.attrs["name"])
        if isinstance(item, Dataset) and len(slot) > 2 and slot[-2] == "vars":
            arrays.setdefault(slot[:-2], []).append((slot[-1], path))

    file.visititems(visit)
    layers = []
    for slot in sorted(arrays, key=_natural_order):
        own = [names.get(slot[: depth + 1]) for depth in range(len(slot))]
        ordered = sorted(arrays[slot], key=lambda pair: _natural_order(pair[:1]))
        weights = (StoredWeight((key,), _array(file, path, where)) for key, path in ordered)
        layers.append(StoredLayer(None if None in own else tuple(own), slot, tuple(weights)))
    return layers


def _natural_order(parts):
    """A sorting key in which dense_10 comes after dense_9."""
    return [
        [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in re.split(r"(\d+)", p)]
        for p in parts
    ]


def _member(group, name, where):
    if name not in group:
        raise InvalidValueError(f"{where}: {group.name} lists {name}, but holds no such item")
    return group[name]


def _array(group, name, where):
    """A dataset's values."""
    dataset = _member(group, name, where)
    if not isinstance(dataset, Dataset):
        raise InvalidValueError(f"{where}: {dataset.name} is a group, expected an array")
    return np.asarray(dataset[()])


def _texts(group, attribute):
    """A list of words, which Keras splits into several attributes where it is long."""
    values = group.attrs.get(attribute)
    chunks = [] if values is None else [values]
    while values is None and f"{attribute}{len(chunks)}" in group.attrs:
        chunks.append(group.attrs[f"{attribute}{len(chunks)}"])
    return [_text(value) for chunk in chunks for value in np.atleast_1d(chunk)]


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
