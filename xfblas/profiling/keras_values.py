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
    values = _values_of(keras_model, rows)
    found = {}
    for entry in entries_of(keras_model):
        if entry.layer not in values:
            continue
        layer, given, output = values[entry.layer]
        is_split = getattr(layer, "activation", None) is not None and entry.kind not in OWN
        if entry.name != entry.layer or not is_split:
            found[entry.name] = np.asarray(output, np.float32)
        else:
            found[entry.name] = _before(layer, given[0])
    return found


def _values_of(model: Any, rows: list[np.ndarray]) -> dict[str, tuple[Any, list[Any], Any]]:
    """Each layer, what it takes and what it gives, by its name with the models around it."""
    layers = [layer for layer in model.layers if type(layer).__name__ not in SILENT]
    ends = [_ends_of(layer) for layer in layers]
    tensors = [tensor for given, output in ends for tensor in (*given, output)]
    computed = iter(_computed(keras_of(model).Model(model.inputs, tensors), rows))
    found = {}
    for layer, (taken, _) in zip(layers, ends, strict=True):
        given = [next(computed) for _ in taken]
        found[layer.name] = (layer, given, next(computed))
        if is_keras_model(layer):
            inner = _values_of(layer, given)
            found |= {f"{layer.name}/{name}": values for name, values in inner.items()}
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


def _ends_of(layer: Any) -> tuple[list[Any], Any]:
    """The tensors that a layer takes in its first call, and the first that it gives."""
    given, output = _listed(layer.input), _listed(layer.output)[0]
    if not is_keras_model(layer):
        return given, output
    # Of a model its own ends, which no other model leads to; those of a call are with its node.
    own = {id(tensor) for tensor in _listed(layer.inputs)}
    for node in layer._inbound_nodes:
        taken = _listed(node.input_tensors)
        if not own & {id(tensor) for tensor in taken}:
            return taken, _listed(node.output_tensors)[0]
    return given, output


def _listed(tensors: Any) -> list[Any]:
    if isinstance(tensors, dict):
        return list(tensors.values())
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
