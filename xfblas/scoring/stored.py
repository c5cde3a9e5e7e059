"""Losses and metrics as JSON holds them, in files of every Keras and of this library."""

from xfblas.errors import NotSupportedError
from xfblas.keras_files.origin import is_object_of_keras, is_of_keras

KEYS = ("loss", "loss_weights", "metrics", "weighted_metrics")
#: Functions that have another name in Keras 3.
RENAMED = {"kullback_leibler_divergence": "kl_divergence", "logcosh": "log_cosh"}
OWN = (
    "register it with keras.saving.register_keras_serializable, or pass loss= or metrics= to "
    "xfblas.compile"
)


def plain_config(config: dict, several: bool) -> tuple[dict, list[str]]:
    """Objects by their configuration, what is the caller's own left out.

    Args:
        config: arguments of keras.Model.compile.
        several: whether the model has several outputs, so that places in lists count.

    Returns:
        The configuration with every key, and the names of what was left out.
    """
    left_out: list[str] = []
    return {key: _plain(config.get(key), several, left_out) or None for key in KEYS}, left_out


def live_config(config: dict, keras) -> dict:
    """The objects of a configuration as files hold it; objects stay what they are.

    Args:
        config: arguments of keras.Model.compile.
        keras: the module that makes them.

    Raises:
        NotSupportedError: this Keras has no such loss or metric.
    """
    return {key: _live(value, key, keras) for key, value in config.items()}


def _plain(value, several, left_out):
    if isinstance(value, (list, tuple)):
        parts = [_plain(item, False, left_out) for item in value]
        return [part for part in parts if several or part is not None]
    if isinstance(value, dict) and "class_name" not in value:
        return {name: _plain(item, False, left_out) for name, item in value.items()}
    if value is None or isinstance(value, (str, int, float, dict)):
        return value
    wrapped = getattr(value, "fn", None) or getattr(value, "_fn", None) or value
    if not (is_object_of_keras(value) and is_object_of_keras(wrapped)):
        name = getattr(value, "__name__", type(value).__name__)
        left_out.append(getattr(value, "name", None) or name)
        return None
    if not hasattr(value, "get_config"):
        return value.__name__
    # Not every class of Keras writes all of its settings down.
    config = {**value.get_config(), **getattr(value, "_fn_kwargs", {})}
    return {"class_name": type(value).__name__, "config": config}


def _live(value, key, keras):
    if isinstance(value, (list, tuple)):
        return [_live(item, key, keras) for item in value]
    if isinstance(value, str):
        value = RENAMED.get(value, value)
        return _registered(value, key, keras) if ">" in value else value
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {name: _live(item, key, keras) for name, item in value.items()}
    name, config = value["class_name"], value.get("config") or {}
    if name == "__tuple__":
        return _live(value["items"], key, keras)
    if isinstance(config, str):  # a function, of which Keras 3 writes this module, its own or not
        is_own = not is_of_keras({**value, "module": "keras"}) or (
            value.get("module") != "builtins" and not is_of_keras(value)
        )
        return _registered(config, key, keras) if is_own else _live(config, key, keras)
    # Keras 2 also tells the function of a class, and that the reduction is the usual one.
    config = {k: v for k, v in config.items() if k != "fn" and v != "auto"}
    try:
        if not is_of_keras(value):
            kind = _registered(value.get("registered_name") or name, key, keras)
            return kind.from_config(value["config"])
        if name == "MeanMetricWrapper":
            function = _live(value["config"]["fn"], key, keras)
            if isinstance(function, str):
                modules = (keras.metrics, keras.losses)
                function = next(getattr(m, function) for m in modules if hasattr(m, function))
            return keras.metrics.MeanMetricWrapper(function, **config)
        module = keras.losses if key == "loss" else keras.metrics
        found = module.deserialize({**value, "config": config})
        if not hasattr(found, "get_config"):  # Keras gives names back that it does not know.
            raise ValueError("Keras does not know it")
        return found
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration) as error:
        raise NotSupportedError(
            f"the file's {key} {name!r} cannot be made: {error}; {OWN}"
        ) from error


def _registered(name, key, keras):
    """A class or function of the caller's own, which only the caller's program can name."""
    found = keras.utils.get_registered_object(name)
    if found is None:
        raise NotSupportedError(f"the file's {key} {name!r} is not one of Keras': {OWN}")
    return found
