"""What Keras calls a loss or metric, in all the ways that it writes it down."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.models.origin import is_object_of_keras, is_of_keras
from xfblas.scoring.accuracies import ACCURACIES
from xfblas.scoring.losses import LOSSES, row_losses
from xfblas.scoring.metrics import METRICS, RowMean

ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "log_cosh_error": "log_cosh",
    "acc": "accuracy",
    "ce": "crossentropy",
}
#: Entries of a configuration that say nothing about the numbers.
NO_OPTIONS = ("name", "dtype", "reduction", "fn")
#: Options that change nothing where they are left at this value.
UNUSED = {"ignore_class": None, "from_sorted_ids": False}
#: What only the shapes of a batch tell.
BY_SHAPE = ("accuracy", "crossentropy")


@dataclass(frozen=True)
class Named:
    """A loss or metric, found by name or given as an object.

    Attributes:
        name: as results show it.
        key: in the tables of losses and metrics; None for an object that is called.
        options: its parameters.
        reduction: of a loss over a batch.
        called: the object or function itself, where it is not one of Keras' own.
    """

    name: str
    key: str | None
    options: dict = field(default_factory=dict)
    reduction: str = "sum_over_batch_size"
    called: Callable | None = None


def name_of(identifier, kind: str) -> Named:
    """Reads a name, a configuration as files hold it, a Keras object or a function.

    Args:
        identifier: the loss or metric.
        kind: ``"loss"`` or ``"metric"``, for messages.
    """
    if isinstance(identifier, str):
        return Named(identifier, canonical(identifier))
    if isinstance(identifier, dict) and "class_name" in identifier:
        return _from_configuration(identifier, kind)
    wrapped = getattr(identifier, "_fn", getattr(identifier, "fn", None))
    from_keras = all(is_object_of_keras(one) for one in (identifier, wrapped) if one is not None)
    if hasattr(identifier, "get_config") and from_keras:
        # Not every class of Keras writes all of its settings down.
        settings = {**identifier.get_config(), **getattr(identifier, "_fn_kwargs", {})}
        config = {"class_name": type(identifier).__name__, "config": settings}
        named = _from_configuration(config, kind)
        if named.key in (*METRICS, *LOSSES, *ACCURACIES) or not hasattr(identifier, "update_state"):
            return named
        # Not computed here, but by the object, which is there.
        return Named(named.name, None, {}, named.reduction, identifier)
    if callable(identifier) or hasattr(identifier, "update_state"):
        name = getattr(identifier, "name", None) or getattr(identifier, "__name__", kind)
        if from_keras and canonical(name) in (*LOSSES, *ACCURACIES):
            return Named(name, canonical(name))
        reduction = getattr(identifier, "reduction", "sum_over_batch_size")
        return Named(name, None, {}, reduction, identifier)
    raise InvalidValueError(f"{kind} is {identifier!r}, expected a name, a function or an object")


def canonical(name: str) -> str:
    """A class's or function's name in snake case, aliases replaced, with its package if it has one.

    Such a name, ``mine>mse``, is none of Keras'.
    """
    name = re.sub(r"[^\w>]+", "", name)
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    name = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
    return ALIASES.get(name, name)


def row_function(named: Named, kind: str, true_shape, predicted_shape) -> Callable:
    """The function of targets and predictions that gives a value per row."""
    from xfblas.scoring.accuracies import accuracy_for, crossentropy_for

    if named.called is not None:
        function = getattr(named.called, "call", named.called)
        return lambda true, predicted: np.asarray(function(true, predicted), np.float32)
    key = named.key
    if key in BY_SHAPE:
        key = (accuracy_for if key == "accuracy" else crossentropy_for)(true_shape, predicted_shape)
    table = LOSSES if kind == "loss" else {**LOSSES, **ACCURACIES}
    if key not in table:
        raise _unknown(named, kind, [*table, *(METRICS if kind == "metric" else ())])
    function = table[key]
    if key in LOSSES and function is LOSSES[key]:
        return lambda true, predicted: row_losses(function, true, predicted, named.options)
    return lambda true, predicted: function(true, predicted, **named.options)


def metric_for(named: Named, true_shape, predicted_shape):
    """An object with ``update`` and ``result``."""
    if named.called is not None and hasattr(named.called, "update_state"):
        return LiveMetric(named.called)
    if named.key in METRICS:
        return METRICS[named.key](**named.options)
    return RowMean(row_function(named, "metric", true_shape, predicted_shape))


class LiveMetric:
    """A metric object of the caller's own class."""

    def __init__(self, metric):
        self._metric = metric
        metric.reset_state()

    def update(self, true, predicted, weights=None):
        self._metric.update_state(true, predicted, sample_weight=weights)

    def result(self):
        found = np.asarray(self._metric.result())
        return found if found.ndim else float(found)


def _from_configuration(config, kind) -> Named:
    inner = config.get("config")
    is_function = config["class_name"] == "function" or isinstance(inner, str)
    if is_function and config.get("module") == "builtins":
        # Keras writes so of every function, its own or not.
        config = {name: value for name, value in config.items() if name != "module"}
    is_own = not is_of_keras(config)
    if is_function:
        name = inner if isinstance(inner, str) else inner.get("name", "")
        return Named(name, None if is_own else canonical(name))
    inner = dict(inner or {})
    if is_own:
        return Named(str(config.get("registered_name") or config["class_name"]), None)
    key = canonical(inner.get("class_name") or config["class_name"])
    # The class compares values; the name alone means whichever accuracy fits the shapes.
    key = "equality" if key == "accuracy" else key
    wrapped = inner.get("fn")
    if wrapped is not None:
        key = name_of(wrapped, kind).key
    options = {name: value for name, value in inner.items() if name not in NO_OPTIONS}
    for name, value in UNUSED.items():
        if options.pop(name, value) != value:
            raise NotSupportedError(f"{kind} {key} has {name} set, which is not supported here")
    reduction = inner.get("reduction") or "sum_over_batch_size"
    return Named(inner.get("name") or canonical(config["class_name"]), key, options, reduction)


def _unknown(named, kind, known) -> NotSupportedError:
    return NotSupportedError(
        f"{kind} is {named.name!r}, expected one of {', '.join(sorted(known))}; or pass a function "
        f"of targets and predictions to compile(..., {kind}{'es' * (kind != 'metric')}=)"
    )
