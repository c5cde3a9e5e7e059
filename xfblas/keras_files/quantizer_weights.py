"""Weights of a layer and of what is inside it, as one layer's: quantizers, a folded normalization.

Those inside are called by their part of the layer and their own name, ``kq/f``.
"""

import re
from dataclasses import replace

import numpy as np

from xfblas.keras_files.architecture import LayerSpec
from xfblas.keras_files.stored_weights import StoredLayer, StoredWeight, StoredWeights

#: Parts of a layer that are quantizers, by what follows the layer's name.
PARTS = ("iq", "kq", "bq", "oq", "quantizer")
#: Weights of HGQ 1's quantizers, which are bytes.
FIRST_BITS = ("keep_negative", "bits", "integers")
_OF_HGQ = "hgq>"
#: HGQ's measures of a layer's size in training; the first it calls beta.
OF_SIZE = ("size_factor", "ebops")
#: The batch normalization inside QKeras' layers, and their count of steps.
NORM, ITERATION = "batchnorm", "iteration"


def is_of_hgq(spec: LayerSpec) -> bool:
    """Whether a layer is HGQ's."""
    return spec.class_name.startswith(_OF_HGQ)


def has_parts(spec: LayerSpec) -> bool:
    """Whether weights of a layer are those of quantizers or of a normalization inside it."""
    return is_of_hgq(spec) or spec.class_name.endswith("Batchnorm")


def has_whole(spec: LayerSpec) -> bool:
    """Whether a layer has numbers of bits among its weights, as bytes."""
    return is_of_hgq(spec) or spec.class_name == "FixedPointQuantizer"


def joined(specs: list[LayerSpec], stored: StoredWeights) -> StoredWeights:
    """The same weights with those of quantizers, which Keras 3 files apart, in their layers."""
    owners = {spec.slot for spec in specs if has_parts(spec)}
    if not owners:
        return stored
    own, inner = {}, {}
    for layer in stored.layers:
        owner = next((slot for slot in owners if layer.slot[: len(slot)] == slot), None)
        rest = () if owner is None else layer.slot[len(owner) :]
        if rest:
            named = (replace(w, path=(rest[0], *w.path)) for w in layer.weights)
            inner.setdefault(owner, []).extend(named)
        else:
            own[layer.slot or layer.address] = layer
    for slot, weights in inner.items():
        layer = own.get(slot) or StoredLayer(None, slot, ())
        own[slot] = replace(layer, weights=(*layer.weights, *weights))
    return replace(stored, layers=tuple(own.values()))


def kinds_of(layer: StoredLayer, expected: tuple[str, ...]) -> list[str | None]:
    """What each weight of such a layer is: by its name, or by its place among its part's."""
    numbered = [weight for weight in layer.weights if weight.path[-1].isdigit()]
    if numbered:
        return [_by_place(weight, expected) for weight in layer.weights]
    of_norm = {kind.removeprefix(f"{NORM}/"): kind for kind in expected if f"{NORM}/" in kind}
    if of_norm:
        names = ["kernel" if w.path[-1].endswith("kernel") else w.path[-1] for w in layer.weights]
        return [of_norm.get(name, name) for name in names]
    return [_by_name(weight) for weight in layer.weights]


def _by_place(weight, expected):
    if weight.path[-1] == ITERATION:
        return ITERATION  # Which QKeras for Keras 3 stores by its name among numbers.
    part = weight.path[0] if len(weight.path) > 1 else ""
    kinds = [kind for kind in expected if kind.rpartition("/")[0] == part]
    place = int(weight.path[-1])
    kind = kinds[place] if place < len(kinds) else None
    # Signs alone are bytes, so that another order is noticed.
    is_sign = kind is not None and kind.endswith("/k")
    return kind if is_sign == (weight.values.dtype == np.uint8) else None


def _by_name(weight: StoredWeight):
    name = weight.path[-1]
    if name == "beta" and not weight.values.ndim:
        return OF_SIZE[0]
    if name in ("gamma", "beta"):
        return f"bn_{name}"  # The first also as Keras 1 had it, after the name of a layer.
    for word in reversed(weight.path[:-1]):
        found = re.fullmatch(rf"(?:.*_)?({'|'.join(PARTS[:-1])})", word)
        if found:
            return f"{found.group(1)}/{name}"
    is_inside = len(weight.path) > 1 and "fixed_point_quantizer" in weight.path[-2]
    return f"quantizer/{name}" if is_inside else name
