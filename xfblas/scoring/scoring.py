"""The loss and metrics of predictions, which Keras computes."""

import importlib.util
import re
import sys

import numpy as np

from xfblas import forks
from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.keras_files.origin import is_object_of_keras
from xfblas.notices import notify
from xfblas.scoring import keras_backends
from xfblas.scoring.stored import live_config

#: Rows that Keras gets at once where its batches change no number: a step costs it 0.2 ms.
LARGE = 1024
#: Names of Keras' losses that are means over rows, and of metrics that add up over them.
OVER_ROWS = re.compile(
    "(sparse|top_?k|binary|categorical|cross_?entropy|accuracy|acc|mean|squared|absolute|"
    "percentage|logarithmic|error|mse|mae|mape|msle|auc|precision|recall|_)+",
    re.IGNORECASE,
)


class Scoring:
    """Adds up what ``evaluate`` gives, by Keras' names and in Keras' order.

    Args:
        config: arguments of keras.Model.compile, as objects or as files hold them.
        penalty: what the model's regularizers add to the loss.
        notes: what the numbers lack, which ``evaluate`` warns of.
        output_names: as Keras has them; empty where the source does not say.
        model_class: the ``Model`` of the Keras that computes; by default of the installed one.

    Attributes:
        lock: to be held while batches are added: metric objects keep their sums themselves.
    """

    def __init__(self, config=None, penalty=0.0, notes=(), output_names=(), model_class=None):
        self.config = {key: value for key, value in (config or {}).items() if value is not None}
        self.penalty, self.notes = penalty, tuple(notes)
        self.output_names = tuple(output_names)
        self.lock = forks.lock()
        self._model_class, self._model, self._made_for = model_class, None, None

    def names_for(self, graph) -> tuple[str, ...]:
        """Names of the outputs of a graph, in its order; Keras sorts those of a dict by key."""
        if len(self.output_names) != len(graph.outputs):
            return tuple(spec.key or spec.name for spec in graph.outputs)
        keys = _keys(graph)
        by_key = dict(zip(sorted(keys), self.output_names, strict=False))
        return tuple(by_key[key] for key in keys) or self.output_names

    def require_keras(self) -> None:
        """Imports Keras, unless the model came from it.

        Raises:
            NotSupportedError: Keras is not installed, or has no backend.
        """
        self._model_class = self._model_class or _installed_model_class()

    def begin(self, graph, targets, outputs) -> None:
        """Forgets all batches. The first one is given: its shapes choose between accuracies.

        Args:
            graph: the :class:`~xfblas.graph.ModelGraph`.
            targets, outputs: arrays (m, ...), one per output; None for targets that are not given.

        Raises:
            InvalidValueError: there are no targets, or Keras refuses the configuration.
            NotSupportedError: a file's loss or metric is unknown, or there is neither.
        """
        names = self.names_for(graph)
        if all(true is None for true in targets):
            raise InvalidValueError(f"y is None for output {names[0]}, expected targets")
        self._keys = _keys(graph)
        guessed = None if self.config else _accuracies(names, targets)
        guessed = dict(zip(self._keys, guessed, strict=True)) if guessed and self._keys else guessed
        shapes = [None if array is None else array.shape[1:] for array in (*targets, *outputs)]
        # Keras translates a model at its first batch, which takes a while: it is used again.
        if self._model is None or self._made_for != (guessed, shapes):
            by_key = [name for _, name in sorted(zip(self._keys, names, strict=False))]
            self._make(by_key or names, self.config or {"metrics": guessed})
            self._made_for = guessed, shapes
        for note in self.notes:
            notify(f"evaluate: {note}")
        self._model.forget_metrics()

    def _make(self, output_names, config):
        keras = sys.modules[self._model_class.__module__.split(".")[0]]
        config = live_config(config, keras)
        self._model = self._told(_model_of_predictions, self._model_class, output_names, config)
        chosen = [config.get(key) for key in ("loss", "metrics", "weighted_metrics")]
        chosen = list(_leaves(chosen))
        for metric in chosen:
            if hasattr(metric, "reset_state"):
                metric.reset_state()  # which a model does only with those that it has used
        # Keras 3 weighs no batch by its rows before 3.5, nor later those of several outputs.
        version = tuple(int(part) for part in keras.__version__.split(".")[:2])
        weighs = len(output_names) == 1 and not (3, 0) <= version < (3, 5)
        self._large = LARGE if weighs and all(map(_is_over_rows, chosen)) else 0

    def update(self, targets, outputs, weights, batch_size: int) -> dict[str, float | None]:
        """Adds rows in batches of ``batch_size``.

        Args:
            targets, outputs, weights: arrays of these rows, one per output; there may be None of
                targets and weights.
            batch_size: what Keras takes the mean over first.

        Returns:
            Every number so far by its name; the loss is None where there is none.

        Raises:
            InvalidValueError: Keras cannot compute the numbers of these arrays.
        """
        rows = len(outputs[0])
        if any(each is not None for each in weights):
            weights = [np.ones(rows, np.float32) if each is None else each for each in weights]
        large = rows - rows % self._large if self._large > batch_size else 0
        for first, last, size in ((0, large, self._large), (large, rows, batch_size)):
            if first < last:
                part = slice(first, last)
                found = self._told(self._add, outputs, targets, weights, part, size)
        found = {k: np.asarray(v) if np.ndim(v) else float(v) for k, v in found.items()}
        # Without any loss there is no number to give, which is not the same as none lost.
        has_loss = "loss" in self.config or self.penalty
        return found | {"loss": found["loss"] + self.penalty if has_loss else None}

    def in_order(self, results: dict) -> float | list[float]:
        """What ``evaluate`` returns without ``return_dict``: a number, or a list of them."""
        parts = [getattr(part, "metrics", None) or [part] for part in self._model.metrics]
        names = [metric.name for part in parts for metric in part]
        found = [results[name] for name in names if name in results]
        found += [results[name] for name in sorted(results) if name not in names]
        return found[0] if len(found) == 1 else found

    def _add(self, outputs, targets, weights, part, batch_size):
        x, y, sample_weight = (
            self._structured([_numbers(each, part) for each in arrays])
            for arrays in (outputs, targets, weights)
        )
        if part.stop - part.start <= batch_size:
            return self._model.test_on_batch(x, y, sample_weight, return_dict=True)
        told = {"batch_size": batch_size, "verbose": 0, "return_dict": True}
        return self._model.evaluate(x, y, sample_weight=sample_weight, **told)

    def _structured(self, parts):
        """A single array, a list or a dict, as the model returns it; None for nothing."""
        if all(part is None for part in parts):
            return None
        if self._keys:
            return dict(zip(self._keys, parts, strict=True))
        return parts[0] if len(parts) == 1 else parts

    def _told(self, function, *arguments, **options):
        """Calls Keras; what it cannot compute is told in terms of ``evaluate``."""
        try:
            return function(*arguments, **options)
        except MemoryError:
            raise
        except Exception as error:
            self._model = None  # Its sums may be half added.
            raise InvalidValueError(
                f"Keras cannot compute the loss and metrics of these predictions and y: {error}"
            ) from error


def _installed_model_class() -> type:
    if "keras" not in sys.modules:
        keras_backends.choose()
    try:
        from keras import Model
    except (ImportError, ValueError) as error:
        if importlib.util.find_spec("keras") is None:
            reason = 'which is not installed: pip install "xfblas[keras]"'
        else:
            reason = f"which found no backend ({error}): install jax and set KERAS_BACKEND=jax"
        raise NotSupportedError(
            f"evaluate computes loss and metrics with Keras, {reason}; or compare "
            "model.predict(x) with y in numpy, which needs no Keras"
        ) from error
    return Model


def _model_of_predictions(model_class, output_names, config):
    class Predictions(model_class):
        """Gives back its inputs, which are predictions already."""

        def __init__(self):
            super().__init__(dtype="float32")
            self.output_names = list(output_names)

        def call(self, inputs):
            return inputs

        def compute_loss(self, *args, **kwargs):
            try:
                return super().compute_loss(*args, **kwargs)
            except ValueError:
                if "loss" in config:
                    raise
                return 0.0  # Keras 3 wants one, but not on jax.

        def reset_metrics(self):
            """Nothing, as Keras calls it before each chunk of the rows that are added up."""

        def forget_metrics(self):
            super().reset_metrics()

    model = Predictions()
    model.compile(**config)
    return model


def _keys(graph):
    return [spec.key for spec in graph.outputs if spec.key is not None]


def _numbers(array, part):
    """Rows of an array, if there is one; integers stay what they are, all else is float32."""
    if array is None or array.dtype.kind in "biu":
        return array if array is None else array[part]
    return array[part].astype(np.float32, copy=False)


def _leaves(value):
    """What nested lists and dicts hold."""
    if isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    elif value is not None:
        yield value


def _is_over_rows(value) -> bool:
    """Whether Keras computes the same of a loss or metric in batches of any size."""
    is_name = isinstance(value, str)
    name = value if is_name else getattr(value, "__name__", type(value).__name__)
    return (
        (is_name or is_object_of_keras(value))
        and OVER_ROWS.fullmatch(name) is not None
        and getattr(value, "reduction", "auto") in ("auto", "mean", "sum_over_batch_size")
        and getattr(value, "_fn_kwargs", {}).get("ignore_class") is None
    )


def _accuracies(output_names, targets) -> list[str | None]:
    """The accuracy of each output whose targets are classes."""
    found = [
        "accuracy"
        if true is not None and (true.dtype.kind in "biu" or np.isin(true, (0, 1)).all())
        else None
        for true in targets
    ]
    if not any(found):
        raise NotSupportedError(
            "the model was not compiled, and y does not look like classes: pass loss= or metrics= "
            f"to xfblas.compile for {', '.join(output_names)}"
        )
    return found
