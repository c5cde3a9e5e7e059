"""The architecture that a caller passes for a file that holds weights alone."""

import json
import os
from pathlib import Path

from xfblas.errors import InvalidValueError
from xfblas.file_kinds import ARCHITECTURE, refuse_others
from xfblas.image.regular_file import read_regular
from xfblas.keras_files.architecture import Architecture, Call, InputSpec, LayerSpec
from xfblas.keras_files.calls import parse_architecture
from xfblas.keras_files.stored_weights import StoredWeights


def from_json(text: str | bytes, where: str) -> object:
    """What a JSON text holds.

    Raises:
        InvalidValueError: it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidValueError(f"{where}: the architecture is not JSON: {error}") from None


def given_architecture(architecture, stored: StoredWeights, keras: int) -> Architecture:
    """The architecture that the caller passed.

    Args:
        architecture: a dict, JSON, the path of a file with it, or a list of activations.
        stored: the weights that it is for.
        keras: major version of the Keras that wrote these.

    Raises:
        InvalidValueError: it is none of these, or does not fit the weights.
    """
    where = "architecture"
    if isinstance(architecture, str) and architecture.lstrip()[:1] in ("{", "["):
        architecture = from_json(architecture, where)
    elif isinstance(architecture, (str, os.PathLike)):
        where = str(architecture)
        refuse_others(where, "the JSON of an architecture", ARCHITECTURE)
        try:
            text = read_regular(architecture).decode("utf-8")
        except (OSError, ValueError) as error:
            raise InvalidValueError(
                f"architecture is {where!r}, expected JSON or the path of a JSON file: {error}"
            ) from None
        architecture = from_json(text, where)
    if isinstance(architecture, (list, tuple)) and all(
        isinstance(entry, (str, type(None))) for entry in architecture
    ):
        return _stack_of_dense(list(architecture), stored, keras)
    return parse_architecture(architecture, where, keras)


def _stack_of_dense(activations, stored: StoredWeights, keras: int) -> Architecture:
    """One Dense layer with each activation, in the order of the file's layers."""
    found = "\n".join(f"  {layer}" for layer in stored.layers)
    looks_dense = all(
        [weight.values.ndim for weight in layer.weights] in ([2], [2, 1])
        and len(layer.address or ()) < 2
        and len({layer.slot[:-1] for layer in stored.layers}) == 1
        for layer in stored.layers
    )
    if not looks_dense:
        raise InvalidValueError(
            f"{stored.where}: a list of activations describes Dense layers alone, and the file has "
            f"others; pass the model's configuration. It holds\n{found}"
        )
    if len(activations) != len(stored.layers):
        raise InvalidValueError(
            f"architecture has {len(activations)} activations, expected {len(stored.layers)}, one "
            f"for each layer of {stored.where}:\n{found}"
        )
    specs = tuple(
        LayerSpec(
            (layer.address or layer.slot)[-1],
            "Dense",
            {"activation": activation, "use_bias": len(layer.weights) == 2},
            slot=layer.slot,
            keras=keras,
        )
        for activation, layer in zip(activations, stored.layers, strict=True)
    )
    tensors = ["input", *(spec.name for spec in specs)]
    calls = tuple(
        Call(spec, (tensor,), spec.name) for spec, tensor in zip(specs, tensors, strict=False)
    )
    name = Path(stored.where).name.split(".")[0]
    return Architecture(name, specs, calls, (InputSpec("input"),), (tensors[-1],))
