"""What every layer of a keras.Model gives, computed by Keras itself."""

from typing import Any

import numpy as np

from xfblas.convert.entries import entries_of
from xfblas.errors import InvalidValueError
from xfblas.keras_files.keras_object import is_keras_model, keras_of

#: What gives the values that it takes.
SILENT = ("InputLayer", "Dropout")


def get_ymodel_keras(keras_model: Any, X: Any) -> dict[str, np.ndarray]:
    """Keras' own values of each layer, by the names that traces of a converted model have.

    Args:
        keras_model: a Sequential or functional keras.Model.
        X: (m, ...) rows, or a list of them for several inputs.

    Returns:
        float32 arrays (m, ...): ``dense`` before its activation, ``dense_relu`` after it. Of a
        layer that is called more than once, what its first call gives.

    Raises:
        InvalidValueError: it is no keras.Model.
    """
    if not is_keras_model(keras_model):
        raise InvalidValueError(
            f"keras_model is a {type(keras_model).__name__}, expected a keras.Model"
        )
    keras = keras_of(keras_model)
    layers = [layer for layer in keras_model.layers if type(layer).__name__ not in SILENT]
    ends = [end for layer in layers for end in (_first(layer.input), _first(layer.output))]
    inner = keras.Model(keras_model.inputs, ends)
    given = inner.predict(X, verbose=0)
    given = given if isinstance(given, list) else [given]
    inputs = dict(zip((layer.name for layer in layers), given[::2], strict=True))
    outputs = dict(zip((layer.name for layer in layers), given[1::2], strict=True))
    found, by_name = {}, {layer.name: layer for layer in layers}
    for entry in entries_of(keras_model):
        layer = by_name.get(entry.layer)
        if layer is None:
            continue
        is_split = getattr(layer, "activation", None) is not None and entry.kind != "Activation"
        if entry.name != entry.layer or not is_split:
            found[entry.name] = np.asarray(outputs[layer.name], np.float32)
        else:
            found[entry.name] = _before(layer, inputs[layer.name])
    return found


def _before(layer: Any, given: np.ndarray) -> np.ndarray:
    """What a layer gives without its activation."""
    activation, layer.activation = layer.activation, _unchanged
    try:
        return np.asarray(layer(given), np.float32)
    finally:
        layer.activation = activation


def _unchanged(values: Any) -> Any:
    return values


def _first(tensors: Any) -> Any:
    return tensors[0] if isinstance(tensors, (list, tuple)) else tensors
