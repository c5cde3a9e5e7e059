"""A live keras.Model, read through the methods that all Keras versions share."""

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.models.architecture import Architecture, parse_architecture
from xfblas.models.weights import StoredLayer, StoredWeight, StoredWeights, weight_path


def is_keras_model(value: object) -> bool:
    """Whether an object can be read as a model, whatever module its class comes from."""
    return all(hasattr(value, name) for name in ("get_config", "layers", "get_weights"))


def read_model(model: object) -> tuple[Architecture, StoredWeights]:
    """The architecture and the weights of a model in memory.

    Raises:
        UnsupportedModelError: its own code computes, so that its layers do not tell what.
        InvalidValueError: it has no configuration of layers, or no weights yet.
    """
    where = f"model {getattr(model, 'name', type(model).__name__)}"
    _require_stack(model, where)
    try:
        config = model.get_config()
    except NotImplementedError as error:
        raise UnsupportedModelError(f"{where} has no configuration: {error}") from None
    architecture = parse_architecture(config, where)
    layers = tuple(_layers_of(model, ()))
    if not layers:
        raise InvalidValueError(f"{where} has no weights: build or train it first")
    return architecture, StoredWeights(where, layers)


def _require_stack(model, where):
    """Raises unless the model's class computes what Keras' Sequential or Functional does."""
    for base in type(model).__mro__:
        if base.__name__ in ("Sequential", "Functional"):
            if getattr(type(model), "call", None) is getattr(base, "call", None):
                return
            break
    raise UnsupportedModelError(
        f"{where} is a {type(model).__name__}, which computes by its own code; expected a "
        "Sequential or Functional model"
    )


def _layers_of(model, models):
    """The layers that have weights, also those of nested models."""
    for layer in model.layers:
        address = (*models, layer.name)
        if hasattr(layer, "layers"):
            yield from _layers_of(layer, address)
            continue
        names = [weight_path(weight.name) for weight in layer.weights]
        weights = zip(names, layer.get_weights(), strict=True)
        stored = tuple(StoredWeight(path, values) for path, values in weights)
        if stored:
            yield StoredLayer(address, (), stored)
