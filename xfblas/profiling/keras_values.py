"""What every layer of a keras.Model gives, computed by Keras itself."""

from typing import Any

import numpy as np

from xfblas.checks import names_keywords
from xfblas.convert.entries import OWN, entries_of
from xfblas.errors import InvalidValueError
from xfblas.graph.tensor_spec import TensorSpec
from xfblas.keras_files.keras_object import is_keras_model, keras_of
from xfblas.rows.arguments import converted_inputs

#: What gives the values that it takes.
SILENT = ("InputLayer", "Dropout")
#: Rows that Keras computes at once.
ROWS = 256


@names_keywords()
def get_ymodel_keras(keras_model: Any, X: Any) -> dict[str, np.ndarray]:
    """Keras' own values of each layer, by the names that traces of a converted model have.

    Args:
        keras_model: a Sequential or functional keras.Model.
        X: (m, ...) rows, or a list or dict of them for several inputs.

    Returns:
        float32 arrays (m, ...): ``dense`` before its activation, ``dense_relu`` after it. Of a
        layer that is called more than once, what its first call gives.

    Raises:
        InvalidValueError: it is no keras.Model, its inputs are open, or the rows do not fit them;
            Keras has been given nothing then.
    """
    require_keras_model("keras_model", keras_model)
    specs = _inputs_of(keras_model)
    rows = converted_inputs("X", X, specs)
    keras = keras_of(keras_model)
    layers = [layer for layer in keras_model.layers if type(layer).__name__ not in SILENT]
    ends = [end for layer in layers for end in (_first(layer.input), _first(layer.output))]
    inner = keras.Model(keras_model.inputs, ends)
    given = _computed(inner, rows)
    inputs = dict(zip((layer.name for layer in layers), given[::2], strict=True))
    outputs = dict(zip((layer.name for layer in layers), given[1::2], strict=True))
    found, by_name = {}, {layer.name: layer for layer in layers}
    for entry in entries_of(keras_model):
        layer = by_name.get(entry.layer)
        if layer is None:
            continue
        is_split = getattr(layer, "activation", None) is not None and entry.kind not in OWN
        if entry.name != entry.layer or not is_split:
            found[entry.name] = np.asarray(outputs[layer.name], np.float32)
        else:
            found[entry.name] = _before(layer, inputs[layer.name])
    return found


def require_keras_model(name: str, model: Any) -> None:
    """Raises an InvalidValueError for anything else, such as a converted model."""
    if not is_keras_model(model):
        raise InvalidValueError(f"{name} is a {type(model).__name__}, expected a keras.Model")


def _inputs_of(keras_model: Any) -> list[TensorSpec]:
    try:
        tensors = list(keras_model.inputs)
    except (AttributeError, TypeError, ValueError):  # a class with a call of its own; not built
        raise InvalidValueError(
            f"keras_model is {getattr(keras_model, 'name', 'a model')}, whose inputs are open, "
            "expected a functional keras.Model, or a Sequential with an Input"
        ) from None
    return [
        TensorSpec(
            str(tensor.name).partition(":")[0],
            tuple(tensor.shape[1:]),
            "int64" if "int" in str(tensor.dtype) else "float32",
        )
        for tensor in tensors
    ]


def _computed(model: Any, rows: list[np.ndarray]) -> list[np.ndarray]:
    """What a keras.Model gives, batch by batch.

    Not by its ``predict``: with the jax backend an error or an interrupt within that leaves the
    layers, which are the caller's, without weights.
    """
    parts = []
    for first in range(0, len(rows[0]), ROWS):
        given = [values[first : first + ROWS] for values in rows]
        found = model.predict_on_batch(given if len(given) > 1 else given[0])
        parts.append(found if isinstance(found, (list, tuple)) else [found])
    return [np.concatenate(tensors) for tensors in zip(*parts, strict=True)]


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
