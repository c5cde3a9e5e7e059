"""Which stored weights belong to which layer: by the layer's name, or by its group."""

import re

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.keras_files.architecture import LayerSpec, snake_case
from xfblas.keras_files.quantizer_weights import (
    FIRST_BITS,
    ITERATION,
    OF_SIZE,
    has_parts,
    has_whole,
    joined,
    kinds_of,
)
from xfblas.keras_files.stored_weights import (
    StoredLayer,
    StoredWeights,
    from_bfloat16,
    is_bfloat16,
)

#: What the versions call the same weight.
_KINDS = {
    "kernel": "kernel",
    "W": "kernel",
    "bias": "bias",
    "b": "bias",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "moving_mean",
    "running_mean": "moving_mean",
    "moving_variance": "moving_variance",
    "running_std": "moving_variance",
    "alpha": "alpha",
    "alphas": "alpha",
    "mean": "mean",
    "variance": "variance",
    "count": "count",
    "embeddings": "embeddings",
    "depthwise_kernel": "depthwise_kernel",
    "pointwise_kernel": "pointwise_kernel",
    "scale": "gamma",
    **{name: name for name in FIRST_BITS},
}
#: Count what a normalization has seen; not needed to predict, not of floats, nor always there.
_COUNTS = ("count", ITERATION)


def pair(
    specs: list[LayerSpec],
    kinds: list[tuple[str, ...]],
    stored: StoredWeights,
    separate: bool,
) -> list[dict[str, np.ndarray]]:
    """Finds the weights of each layer.

    Args:
        specs: the layers that have weights, in the order of computation.
        kinds: the weights that each is expected to have, in Keras' order.
        stored: what the file holds.
        separate: the architecture did not come with the weights, so that names which Keras made
            up may differ; then the order of the layers decides.

    Returns:
        For each layer, float32 arrays by kind: kernel, bias, gamma, beta, ...

    Raises:
        InvalidValueError: names a layer without weights, weights without a layer, or a weight that
            is missing, not numbers, or not finite.
    """
    stored = joined(specs, stored)
    found = _by_address(specs, stored) or _by_slot(specs, stored)
    if found is None and (separate or any(layer.address is None for layer in stored.layers)):
        found = _by_order(specs, stored)
    if found is None:
        raise _mismatch(specs, stored, "their names differ")
    return [
        _by_kind(spec, expected, layer, stored.where)
        for spec, expected, layer in zip(specs, kinds, found, strict=True)
    ]


def _by_address(specs, stored):
    """One stored layer for each spec, or None unless all names are found and none is left over."""
    layers = [part for layer in stored.layers for part in _parts_of(layer, specs) if part.address]
    by_address = {layer.address: layer for layer in layers}
    fits = len(layers) == len(by_address) == len(specs)
    if not fits or any(spec.address not in by_address for spec in specs):
        return None
    return [by_address[spec.address] for spec in specs]


def _parts_of(layer, specs):
    """The layers of a nested model, whose weights the older layout keeps in one group."""
    inside = [spec for spec in specs if spec.models and (spec.models[0],) == layer.address]
    if layer.slot or not inside:
        return [layer]
    parts = {}
    for weight in layer.weights:
        parents = weight.path[:-1]
        owners = [spec for spec in inside if _owns(spec, parents)]
        if not parents and len(inside) == 1:
            owners = inside  # Keras 3.0 writes no way down, so that it cannot save more than one.
        if len(owners) > 1:
            # The same name in models of different depth: the way down must agree, as far as it
            # is told, which may begin below the nested model itself.
            fits = [max(_agreement(parents, way) for way in _ways(spec)) for spec in owners]
            owners = [spec for spec, fit in zip(owners, fits, strict=True) if fit == max(fits)]
        if len(owners) != 1:
            return [layer]
        parts.setdefault(owners[0].address, []).append(weight)
    return [StoredLayer(address, (), tuple(weights)) for address, weights in parts.items()]


def _words(address):
    """An address as the names of weights have it: Keras 2 allows slashes in those of layers."""
    return tuple("/".join(address).split("/"))


def _ways(spec):
    """The way down to a layer's weights; that of Keras 3 goes on to the layer within a wrapper."""
    yield spec.address
    inner = spec.config.get("layer") if spec.class_name == "TimeDistributed" else None
    config = inner.get("config") if isinstance(inner, dict) else None
    if isinstance(config, dict) and isinstance(config.get("name"), str):
        yield (*spec.address, config["name"])


def _owns(spec, parents):
    """Whether a way down ends with a layer's name, or that and the name within."""
    ends = [_words(way[len(spec.models) :]) for way in _ways(spec)]
    return any(parents[-len(words) :] == words for words in ends)


def _agreement(parents, address):
    """How many words agree, from the last one back; and whether that is the whole way."""
    words, length = _words(address), 0
    while parents[: len(parents) - length] and words[: len(words) - length]:
        if parents[-1 - length] != words[-1 - length]:
            break
        length += 1
    return length, _words(address[1:]) == parents


def _by_slot(specs, stored):
    """As Keras 3 itself pairs them: by class and count within each model."""
    wanted, found = [spec.slot for spec in specs], [layer.slot for layer in stored.layers]
    if set(wanted) != set(found) and all(layer.address is None for layer in stored.layers):
        # Keras 2.12 counts a layer with weights twice; among their like the order is the same.
        wanted, found = _ranked(wanted), _ranked(found)
    if set(wanted) != set(found) or not len(set(found)) == len(found) == len(wanted):
        return None
    by_slot = dict(zip(found, stored.layers, strict=True))
    return [by_slot[slot] for slot in wanted]


def _ranked(slots):
    """The same slots with their counts made dense: dense, dense_2 become dense 0, dense 1."""
    counts = {}
    split = [[re.fullmatch(r"(.*?)(?:_(\d+))?", word).groups("0") for word in s] for s in slots]
    for slot, words in zip(slots, split, strict=True):
        for depth, (base, count) in enumerate(words):
            counts.setdefault((slot[:depth], base), set()).add(int(count))
    return [
        tuple(
            (base, sorted(counts[slot[:depth], base]).index(int(count)))
            for depth, (base, count) in enumerate(words)
        )
        for slot, words in zip(slots, split, strict=True)
    ]


def _by_order(specs, stored):
    """One by one, as Keras loads weights from a file whose names differ."""
    names = {spec.address for spec in specs}
    strangers = [layer for layer in stored.layers if layer.address not in names]
    if len(strangers) < len(stored.layers):
        # With some names in common the others must be made up, or the order proves nothing.
        chosen = [layer for layer in strangers if not _is_made_up(layer, specs)]
        if chosen:
            raise _mismatch(specs, stored, "some of their names agree and others do not")
    if len(specs) != len(stored.layers):
        raise _mismatch(specs, stored, f"there are {len(stored.layers)} and {len(specs)} of them")
    if any(spec.models for spec in specs):
        raise _mismatch(specs, stored, "the names differ and models are nested")
    if any(layer.address is None and not _is_numbered(layer) for layer in stored.layers):
        # Sorted by their classes, the file's order is not the model's.
        raise _mismatch(specs, stored, "they are of other classes")
    return list(stored.layers)


def _is_numbered(layer):
    """Whether a layer was saved before Keras 1, by its place in the model."""
    return len(layer.slot) == 1 and re.fullmatch(r"layer_\d+", layer.slot[0]) is not None


def _is_made_up(layer, specs):
    """Whether a name is like ``dense_4``, which Keras gives to a layer without one."""
    if layer.address is None:
        return True
    bases = "|".join({re.escape(snake_case(spec.class_name)) for spec in specs})
    return re.fullmatch(rf"({bases})(_\d+)?", layer.address[-1]) is not None


def _mismatch(specs, stored, why):
    listed = "\n".join(f"  {layer}" for layer in stored.layers)
    expected = ", ".join(str(spec) for spec in specs) or "none"
    return InvalidValueError(
        f"{stored.where}: the layers with weights are not those of the architecture: {why}. "
        f"Expected weights of {expected}; found\n{listed}"
    )


def _by_kind(spec, expected, layer, where):
    """A layer's arrays by kind: by their names, or where those say nothing by their order."""
    if has_parts(spec):
        return _arrays(spec, expected, kinds_of(layer, expected), layer, where)
    names = [re.sub(r"_\d+$", "", weight.path[-1]) for weight in layer.weights]
    kinds = [_KINDS.get(name) for name in names]
    if all(kind is None for kind in kinds) and len(kinds) == len(expected):
        kinds = list(expected)
    if kinds == ["kernel"] and expected == ("embeddings",):
        kinds = ["embeddings"]  # Keras 1 called both W.
    if "kernel" in expected:  # Keras 2 called that of a DepthwiseConv2D by its layer.
        kinds = ["kernel" if kind == "depthwise_kernel" else kind for kind in kinds]
    return _arrays(spec, expected, kinds, layer, where)


def _arrays(spec, expected, kinds, layer, where):
    needed = [kind for kind in expected if kind not in _COUNTS or kind in kinds]
    if sorted(map(str, kinds)) != sorted(needed):
        raise InvalidValueError(
            f"{where}: layer {spec} has the weights {layer}; expected {', '.join(expected)}"
        )
    return {
        kind: _as_float32(weight.values, f"{where}: layer {spec}: {kind}", has_whole(spec))
        for kind, weight in zip(kinds, layer.weights, strict=True)
        if kind not in (*_COUNTS, *OF_SIZE) and not kind.endswith("/i_decay_speed")
    }


def _as_float32(values, what, is_whole=False):
    if is_bfloat16(values.dtype):
        values = from_bfloat16(values)
    if values.dtype.kind not in ("fui" if is_whole else "f"):
        raise InvalidValueError(f"{what} is {values.dtype} {values.shape}, expected floats")
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    finite = np.isfinite(values)
    if not finite.all():
        place = tuple(int(index) for index in np.argwhere(~finite)[0])
        raise InvalidValueError(
            f"{what} has {values[place]} at {place}, {int((~finite).sum())} of {values.size} "
            "values are not finite"
        )
    return values
