"""``xfblas.accelerate``: a keras.Model whose own predict runs on the engine."""

import inspect
import os
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from xfblas import forks
from xfblas.checks import require_truth
from xfblas.compiled.calibration_rows import calibration_inputs
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.compiler import compile, take_back_weights
from xfblas.compiled.weight_watch import WeightWatch
from xfblas.device.shared_devices import DeviceHeldError
from xfblas.errors import InvalidValueError
from xfblas.file_kinds import refuse_others
from xfblas.graph import read_graph
from xfblas.graph.tensor_spec import with_preprocessing
from xfblas.keras_files.keras_object import is_keras_model
from xfblas.notices import notify
from xfblas.quantization.options import takes
from xfblas.rows.columns import NamedRows
from xfblas.scoring import Scoring, compiled_config, scoring_of

METHODS = ("predict", "predict_on_batch", "evaluate")
#: Arguments that Keras 2 has in addition.
LOADING = ("max_queue_size", "workers", "use_multiprocessing")

Model = TypeVar("Model")


@takes(compile)
def accelerate(
    model: Model, calibration: Any = None, *, recompile: bool = True, **options: Any
) -> Model:
    """Replaces ``predict``, ``predict_on_batch`` and ``evaluate`` of a keras.Model.

    The model is used as before. Training it or setting its weights is noticed: by default the next
    prediction derives new scales from the same calibration rows. ``fit`` validates with Keras' own
    ``evaluate``, and so does ``model(x)`` compute.

    Args:
        model: a keras.Model.
        calibration: typical inputs, see :func:`xfblas.compile`.
        recompile: False goes on with the old weights, and warns of it.
        **options: of :func:`xfblas.compile`.

    Returns:
        The model itself.

    Raises:
        InvalidValueError: it is not a keras.Model, or an argument cannot be used.
        UnsupportedModelError: lists every layer that cannot be run.
    """
    recompile = require_truth("recompile", recompile)
    if isinstance(model, (str, bytes, os.PathLike)):
        refuse_others(model, "a keras.Model")
    if not is_keras_model(model) or not hasattr(model, "predict"):
        raise InvalidValueError(
            f"model is a {type(model).__name__}, expected a keras.Model: use xfblas.compile for a "
            "file or a network"
        )
    before = accelerated_of(model)
    accelerated = Accelerated(model, calibration, recompile, options)
    try:
        accelerated.compile(model)
    except DeviceHeldError:
        if before is None:
            raise
        # A card holds one image: the old one has to go first, and comes back if the new one fails.
        before.compiled.close()
        try:
            accelerated.compile(model)
        except BaseException:
            before.compile(model)
            raise
    restore(model)
    accelerated.install(model)
    return model


def restore(model: Model) -> Model:
    """Gives a keras.Model its own methods back; a model that has them is left as it is.

    Returns:
        The model itself.
    """
    accelerated = accelerated_of(model)
    if accelerated is not None:
        accelerated.uninstall(model)
    return model


def accelerated_of(model: Any) -> "Accelerated | None":
    """What :func:`accelerate` put into a model, if anything."""
    owner = getattr(getattr(model, "__dict__", {}).get("predict"), "__self__", None)
    return owner if isinstance(owner, Accelerated) else None


class Accelerated:
    """The methods that take the place of a model's own.

    Attributes:
        compiled: the :class:`CompiledModel` of the weights that the model had last.
        rows: what its scales are derived from, as compile takes it; None on a float image.
        options: of compile.
    """

    def __init__(self, model: Any, calibration: Any, recompile: bool, options: Any):
        self._model: Callable[[], Any] = weakref.ref(model)
        self._recompile, self.options = recompile, dict(options)
        self._lock = forks.lock()
        self.rows: Any = None
        self._scoring: Scoring | None = None
        self._scored_as: Any = None
        calib_iter = self.options.pop("calib_iter", None)
        if calibration is not None:
            # A generator can be used once, so what is needed of it is kept.
            graph = read_graph(model)
            if (preprocess := self.options.get("preprocess")) is not None:
                graph = replace(graph, inputs=with_preprocessing(graph.inputs, preprocess))
            graph, inputs = calibration_inputs(graph, calibration, calib_iter)
            pairs = zip(inputs, graph.inputs, strict=True)
            rows = [NamedRows(values, spec.columns) for values, spec in pairs]
            self.rows = rows if len(rows) > 1 else rows[0]
        self._replaced: dict[str, Any] = {}

    def compile(self, model: Any) -> None:
        """Makes ``compiled`` of the weights that the model has now."""
        watch = WeightWatch(model.weights)
        self.compiled: CompiledModel = compile(model, self.rows, **self.options)
        # Not before: what failed is tried again by the next prediction.
        self._watch = watch

    def install(self, model: Any) -> None:
        """Puts the methods into the model, and remembers what was there."""
        self._replaced = {name: vars(model)[name] for name in METHODS if name in vars(model)}
        for name in METHODS:
            setattr(model, name, getattr(self, name))

    def uninstall(self, model: Any) -> None:
        """Gives the model its own methods back and closes the compiled one."""
        for name in METHODS:
            delattr(model, name)
        for name, method in self._replaced.items():
            setattr(model, name, method)
        self.compiled.close()

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        **others: Any,
    ) -> Any:
        """On the engine; see :meth:`xfblas.CompiledModel.predict`."""
        if others and not self._is_about_loading(others):
            raise TypeError(f"predict() got an unexpected keyword argument {min(others)!r}")
        compiled = self.current()
        if callbacks is None:
            return compiled.predict(x, batch_size, verbose, steps)
        return compiled._predict(x, batch_size, verbose, steps, callbacks, self._model())

    def predict_on_batch(self, x: Any) -> Any:
        """On the engine; see :meth:`xfblas.CompiledModel.predict_on_batch`."""
        return self.current().predict_on_batch(x)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **others: Any,
    ) -> Any:
        """On the engine; see :meth:`xfblas.CompiledModel.evaluate`."""
        model = self._model()
        told = {"verbose": verbose, "steps": steps, "callbacks": callbacks}
        if others and not self._is_about_loading(others):
            # From within fit, whose weights change with every epoch.
            told |= {"sample_weight": sample_weight, "return_dict": return_dict}
            return type(model).evaluate(model, x, y, batch_size, **told, **others)
        return self.current()._evaluate(
            x,
            y,
            sample_weight,
            batch_size,
            **told,
            return_dict=return_dict,
            model=model,
            scoring=self._current_scoring(model),
        )

    def _current_scoring(self, model: Any) -> Any:
        """The last one, unless the model was compiled again: Keras translates it only once."""
        found, compiled = scoring_of(model), compiled_config(model)
        if self._scoring is None or compiled is not self._scored_as:
            self._scoring, self._scored_as = found, compiled
        self._scoring.penalty = found.penalty
        return self._scoring

    def _is_about_loading(self, others: Any) -> bool:
        """Whether arguments say how Keras 2 loads batches, which changes nothing here."""
        known = inspect.signature(type(self._model()).predict).parameters
        return all(name in LOADING and name in known for name in others)

    def current(self) -> CompiledModel:
        """The compiled model, after a look whether the weights are still those it was made of."""
        model = self._model()
        take_back_weights(model)
        if self._watch.is_unchanged():
            return self.compiled
        with self._lock:
            if self._watch.is_unchanged():
                return self.compiled
            if self._watch.has_same_numbers(model.weights):
                # Other arrays of the same numbers, as the jax backend makes them now and then.
                self._watch.look()
            elif self._recompile:
                before = self.compiled
                self.compile(model)
                before.close()
            else:
                notify(
                    f"the weights of {model.name} changed after xfblas.accelerate: predictions are "
                    "still those of the old ones; call accelerate again"
                )
                self._watch.look()
            return self.compiled
