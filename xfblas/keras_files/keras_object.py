"""A live keras.Model, read through the methods that all Keras versions share."""

import sys

from xfblas.errors import UnsupportedModelError
from xfblas.keras_files.architecture import Architecture, major_version
from xfblas.keras_files.calls import parse_architecture
from xfblas.keras_files.origin import OWN_ACTIVATION, OWN_CODE, is_object_of_keras
from xfblas.keras_files.stored_weights import StoredLayer, StoredWeight, StoredWeights, weight_path

#: Methods of a model that tell what it predicts.
_COMPUTING = ("call", "__call__", "predict", "predict_step")


def is_keras_model(value: object) -> bool:
    """Whether an object can be read as a model, whatever module its class comes from."""
    return all(hasattr(value, name) for name in ("get_config", "layers", "get_weights"))


def read_model(model: object) -> tuple[Architecture, StoredWeights]:
    """The architecture and the weights of a model in memory.

    Raises:
        UnsupportedModelError: its own code computes, so that its layers do not tell what; or it has
            no configuration.
        InvalidValueError: its configuration is not one of layers.
    """
    where = f"model {getattr(model, 'name', type(model).__name__)}"
    _require_stack(model, where)
    try:
        config = model.get_config()
    except (NotImplementedError, TypeError, ValueError, AttributeError) as error:
        raise UnsupportedModelError(f"{where} has no configuration: {error}") from None
    _require_all_layers(model, config, where)
    architecture = parse_architecture(config, where, keras_version_of(model), _problems_of(model))
    layers = tuple(_layers_of(model, ()))
    return architecture, StoredWeights(where, layers)


def _require_all_layers(model, config, where):
    """Raises where Keras' configuration of a stack leaves out the second use of a layer."""
    names = [layer.name for layer in model.layers]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated and "input_layers" not in config:
        raise UnsupportedModelError(
            f"{where}: {getattr(model, 'name', 'model')} is a Sequential that uses "
            f"{', '.join(repeated)} more than once, which Keras does not save: make it functional"
        )
    for layer in model.layers:
        if hasattr(layer, "layers") and hasattr(layer, "get_config"):
            _require_all_layers(layer, layer.get_config(), where)


def _problems_of(model, models=()):
    """What configurations hide, by the layer's address: code of the caller's under Keras' names."""
    found = {}
    for layer in model.layers:
        address = (*models, layer.name)
        if not hasattr(layer, "layers"):
            found[address] = _problem_of(layer)
        elif is_keras_stack(type(layer)):
            found |= _problems_of(layer, address)
        else:
            found[address] = OWN_CODE
    return {address: problem for address, problem in found.items() if problem is not None}


def _problem_of(layer) -> str | None:
    function = getattr(layer, "activation", None)
    function = None if isinstance(function, str) else function  # QKeras keeps what it was given.
    if not is_object_of_keras(type(layer)) or "call" in vars(layer):
        return OWN_CODE
    if function is not None and not is_object_of_keras(function):
        return OWN_ACTIVATION % repr(getattr(function, "__name__", type(function).__name__))
    if getattr(function, "__name__", "") == "gelu" and "keras.src.ops." in function.__module__:
        return "activation keras.ops.gelu approximates what its configuration calls 'gelu'"
    if getattr(layer, "invert", False) is True and "invert" not in layer.get_config():
        return "it inverts, which the configuration of Keras 2.12 does not say"
    hidden = [name for part in vars(layer).values() for name in _hidden_settings(part)]
    if hidden:
        return f"its quantizer has {hidden[0]}, which its configuration does not say"
    inner = getattr(layer, "layer", None)
    return None if inner is None else _problem_of(inner)


def _hidden_settings(part):
    """What QKeras' quantizers in memory may have that their configurations leave out."""
    if not str(type(part).__module__).startswith("qkeras"):
        return []
    unsaid = {"is_quantized_clip": True, "scale_axis": None, "elements_per_scale": None}
    unsaid |= {"use_ste": True, "min_po2_exponent": None, "max_po2_exponent": None}
    found = {name: getattr(part, name, usual) for name, usual in unsaid.items()}
    return [f"{name}={found[name]!r}" for name, usual in unsaid.items() if found[name] != usual]


def keras_version_of(model):
    """Major version of the Keras that a model's class comes from."""
    package = _package_of(model)
    if package == "tensorflow":
        return 2  # Its Keras is the second, or else it is the package of its own.
    return major_version(getattr(sys.modules.get(package), "__version__", None)) if package else 3


def keras_of(model):
    """The Keras that a model's class comes from, which has been imported since there is a model."""
    package = _package_of(model)
    return sys.modules[package].keras if package == "tensorflow" else sys.modules[package]


def _package_of(model) -> str:
    """The package of the first class of Keras' that a model's class is made of; or none."""
    packages = (base.__module__.split(".")[0] for base in type(model).__mro__)
    return next((name for name in packages if name in ("tensorflow", "keras", "tf_keras")), "")


def _require_stack(model, where):
    """Raises unless the model's class computes what Keras' Sequential or Functional does."""
    if not is_keras_stack(type(model)):
        raise UnsupportedModelError(
            f"{where} is a {type(model).__name__}, which computes by its own code; expected a "
            "Sequential or Functional model"
        )


def is_keras_stack(kind: type) -> bool:
    """Whether a class is Keras' Sequential or Functional, or computes and predicts as they do."""
    for base in kind.__mro__:
        if base.__name__ in ("Sequential", "Functional") and is_object_of_keras(base):
            return all(
                getattr(kind, name, None) is getattr(base, name, None) for name in _COMPUTING
            )
    return False


def _layers_of(model, models):
    """The layers that have weights, also those of nested models."""
    for layer in model.layers:
        address = (*models, layer.name)
        if hasattr(layer, "layers"):
            yield from _layers_of(layer, address)
            continue
        is_nested = type(layer).__module__.startswith("hgq")
        names = [weight_path(w.path if is_nested else w.name) for w in layer.weights]
        weights = zip(names, layer.get_weights(), strict=True)
        stored = tuple(StoredWeight(path, values) for path, values in weights)
        if stored:
            yield StoredLayer(address, (), stored)
