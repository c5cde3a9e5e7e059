"""``CompiledModel``: what ``xfblas.compile`` returns, with the methods of a keras.Model."""

import os
import time
import weakref
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from xfblas import forks
from xfblas.arrays import single
from xfblas.checks import require_instance, require_integer, require_truth, shown
from xfblas.compiled.batch_loops import evaluate_batches, predict_batches
from xfblas.compiled.callback_list import CallbackList, has_callbacks
from xfblas.compiled.graph_engine import GraphEngine
from xfblas.compiled.layer_table import lines_of, steps_on_engine, summary_text
from xfblas.compiled.programmable import Programmable
from xfblas.compiled.recipe import SAVED_ROWS, Recipe
from xfblas.device.device import Device
from xfblas.device.shared_devices import Lease
from xfblas.errors import InvalidValueError, NotInitializedError
from xfblas.files.output_path import MODEL_KINDS, ROW_KINDS, require_output
from xfblas.graph.model_graph import ModelGraph
from xfblas.graph.tensor_spec import shapes_of
from xfblas.program.map_plan import MapPlan
from xfblas.quantization import QuantizedMaps, QuantizedNetwork
from xfblas.rows.arguments import input_arrays
from xfblas.rows.batches import data_of
from xfblas.scoring import Scoring
from xfblas.timeline import Timeline
from xfblas.uncopied import Uncopied


class CompiledModel(Programmable, Uncopied):
    """A Keras model on the engine. Made by :func:`xfblas.compile` or :func:`xfblas.load`.

    Its methods take what those of keras.Model take and return what they return. Threads may share
    it. Close it, or use it in a ``with`` block, to free its memory on the device; a model that is
    forgotten is closed too.

    Attributes:
        graph: the :class:`~xfblas.graph.ModelGraph`, steps on the engine and on the host.
        networks: the quantized layers of each step that the engine computes, by its name.
        host_reasons: why a chain of dense layers is computed in float by the host, by its name;
            empty where the engine runs them all.
        scoring: the loss and metrics that :meth:`evaluate` computes.
        calibration: what the scales were derived from, as text by name.
        recipe: the calibration rows and options, by which other weights get scales.
        output_names: as Keras calls them, in the order of the outputs.
        stop_predicting, stop_evaluating: callbacks set them to end a call early.
    """

    _instead = "save it, and load the file as often as it is needed"

    def __init__(
        self,
        graph: ModelGraph,
        networks: dict[str, QuantizedNetwork | QuantizedMaps],
        lease: Lease,
        *,
        host_reasons: dict[str, str] | None = None,
        scoring: Scoring | None = None,
        calibration: dict[str, Any] | None = None,
        recipe: Recipe | None = None,
    ):
        self.graph = require_instance("graph", graph, ModelGraph)
        require_instance("lease", lease, Lease)
        scoring = Scoring() if scoring is None else scoring
        self.scoring = require_instance("scoring", scoring, Scoring)
        self.networks = dict(require_instance("networks", networks, dict))
        reasons = {} if host_reasons is None else host_reasons
        self.host_reasons = dict(require_instance("host_reasons", reasons, dict))
        rows = {} if calibration is None else calibration
        self.calibration = dict(require_instance("calibration", rows, dict))
        if recipe is not None:
            require_instance("recipe", recipe, Recipe)
        self.recipe = recipe
        self.output_names = self.scoring.names_for(graph)
        self.stop_predicting = self.stop_evaluating = False
        self._lease = lease
        self._closing, self._loading = forks.lock(), forks.lock()
        self._finalizer = weakref.finalize(self, lease.close)
        self._engine: GraphEngine | None = GraphEngine(
            graph, self.networks, lease.device.sharing_units
        )
        # One chain and nothing else: a single call computes it.
        self._plain = None if self._engine.keys else self._engine.plain

    @property
    def device(self) -> Device:
        """The :class:`~xfblas.Device` that it runs on."""
        return self._lease.device

    @property
    def closed(self) -> bool:
        """Whether it was closed, or its device was."""
        return self._engine is None or self.device.closed

    @property
    def input_shape(self) -> Any:
        """Shape of the input, the rows' axis None first; a list of shapes for several."""
        return shapes_of(self.graph.inputs)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, the rows' axis None first; a list of shapes for several."""
        return shapes_of(self.graph.outputs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        profile: bool = False,
    ) -> Any:
        """The model's output, as ``keras.Model.predict`` returns it.

        Args:
            x: (m, ...) numbers of any type and layout: an array, list, data frame, tensor or sparse
                matrix, or a list or dict of them for several inputs; or a generator, keras
                PyDataset, tf.data.Dataset or DataLoader of batches (x,), (x, y) or (x, y, w).
                All become float32 first, as in Keras: of 1.7e9 that leaves steps of 128.
            batch_size: rows of a step. By default the engine takes as many at once as suits it,
                and steps that are counted or told to callbacks have Keras' 32 rows.
            verbose: ``"auto"`` or 1 for a progress bar, 2 for a line, 0 for silence.
            steps: how many batches to take; all by default. Without a batch size, rows that are all
                there are split into so many.
            callbacks: Keras callbacks.
            profile: whether to tell how long it took, too; see also :meth:`timeline`.

        Returns:
            float32 (m, ...); a list of them for several outputs, a dict where the model has one.
            With ``profile`` a tuple: that, the seconds that the call took, and rows per second.

        Raises:
            InvalidValueError: inputs of another number, shape or type, or not finite.
            NotInitializedError: the model was closed.
        """
        # A few rows for one chain: whatever is not plain is looked at below.
        plain = self._plain
        if (
            plain is not None
            and type(verbose) is int
            and verbose == 0
            and type(x) is np.ndarray
            and x.ndim == 2
            and x.dtype.char in "fd"
            and batch_size is None
            and steps is None
            and callbacks is None
            and profile is False
            and 0 < len(x) <= plain.rows_per_program
        ):
            try:
                return plain.predict(x if x.dtype.char == "f" else single(x))
            except InvalidValueError:
                # Said again below, in terms of the model's input.
                pass
        if not require_truth("profile", profile):
            return self._predict(x, batch_size, verbose, steps, callbacks, self)
        start = time.perf_counter()
        found = self._predict(x, batch_size, verbose, steps, callbacks, self)
        seconds = time.perf_counter() - start
        return found, seconds, _rows_of(found) / seconds

    def timeline(self, x: Any) -> tuple[Any, Timeline]:
        """The output, and when each part of the model was computed, where, and how much it was.

        Args:
            x: as for :meth:`predict_on_batch`.

        Returns:
            What :meth:`predict` returns, and a :class:`~xfblas.timeline.Timeline`:
            :func:`~xfblas.timeline.write_trace` and :func:`~xfblas.timeline.write_page` make files
            of it. Timing takes a few microseconds for each layer of each block of rows.
        """
        engine, inputs = self._require_open(), input_arrays(x, self.graph.inputs)
        if len(inputs[0]) == 0:
            raise InvalidValueError("x has no rows, expected 1 or more to time")
        timeline = Timeline(f"{self.graph.name}, {self.device.dtype} on {self.device.target}")
        return engine.structured(engine.timed_outputs(inputs, timeline)), timeline

    def _predict(
        self,
        x: Any,
        batch_size: int | None,
        verbose: Any,
        steps: int | None,
        callbacks: Any,
        model: Any,
    ) -> Any:
        """:meth:`predict` with callbacks that see ``model``."""
        engine = self._require_open()
        # Who counts the steps gets them as asked; else the engine takes what suits it.
        is_own = batch_size is None and not has_callbacks(callbacks)
        at_once = engine.rows_at_once if is_own else 1
        data = data_of(x, None, None, self, batch_size, steps, at_once)
        told = CallbackList(callbacks, verbose, data.steps, model, "predict")
        return predict_batches(engine, data, told, model)

    def predict_on_batch(self, x: Any) -> Any:
        """The output for one batch of rows, without a progress bar."""
        engine, inputs = self._require_open(), input_arrays(x, self.graph.inputs)
        found = engine.outputs(inputs) if len(inputs[0]) else engine.no_outputs()
        return engine.structured(found)

    def __call__(self, x: Any, training: bool = False) -> Any:
        """As :meth:`predict_on_batch`; ``training`` must be false."""
        if training is not None and require_truth("training", training):
            raise InvalidValueError(
                f"training is {shown(training)}, expected False: weights are fixed"
            )
        return self.predict_on_batch(x)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics of the predictions, as ``keras.Model.evaluate`` returns them.

        They are those that the Keras model was compiled with, or that :func:`xfblas.compile` was
        given; without any, the accuracy where ``y`` holds classes.

        Args:
            x: as for :meth:`predict`; a stream of batches holds targets and weights too.
            y: targets: (m, ...), or a list or dict of them for several outputs.
            sample_weight: (m,) weights of rows, or a list or dict of them.
            batch_size, verbose, steps, callbacks: as for :meth:`predict`.
            return_dict: return a dict by name.

        Returns:
            The loss and the metrics in Keras' order, a single number where there is one.

        Raises:
            InvalidValueError: targets are missing, or do not fit the outputs.
            NotSupportedError: Keras, which computes them, cannot be imported: ``xfblas[keras]``.
        """
        told = (batch_size, verbose, steps, callbacks)
        return self._evaluate(x, y, sample_weight, *told, return_dict, self, self.scoring)

    def _evaluate(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        batch_size: int | None,
        verbose: Any,
        steps: int | None,
        callbacks: Any,
        return_dict: Any,
        model: Any,
        scoring: Scoring,
    ) -> Any:
        """:meth:`evaluate` with callbacks that see ``model``, and another scoring."""
        engine = self._require_open()
        return_dict = require_truth("return_dict", return_dict)
        scoring.require_keras()
        # Keras' own batches matter to its numbers, but only callbacks see them one by one.
        at_once = 1 if has_callbacks(callbacks) else engine.rows_at_once
        data = data_of(x, y, sample_weight, self, batch_size, steps, at_once)
        told = CallbackList(callbacks, verbose, data.steps, model, "test")
        return evaluate_batches(engine, data, told, model, scoring, return_dict)

    def trace(self, x: Any, preactivations: bool = False) -> tuple[Any, dict[str, np.ndarray]]:
        """The output, and what each layer put out on the way.

        Args:
            x: as for :meth:`predict_on_batch`.
            preactivations: whether to have ``dense:preactivation`` also of layers whose activation
                the engine computes with them.

        Returns:
            What :meth:`predict` returns, and a dict of float32 arrays (m, ...) in the model's
            units. The name of a Keras layer gives what Keras' layer gives, after its activation
            (``dense#2`` for a second call, ``model/dense`` within a nested model). Where the host
            computes the activation, ``dense:preactivation`` is what the engine gave. Layers that
            are folded into others, or pass their input on, are left out: :meth:`summary` says
            where they went.
        """
        engine = self._require_open()
        preactivations = require_truth("preactivations", preactivations)
        outputs, layers = engine.trace(input_arrays(x, self.graph.inputs), preactivations)
        return engine.structured(outputs), layers

    def statistics(self) -> dict[str, dict[str, Any]]:
        """What was clipped of the inputs of each chain of layers on the engine, since it was made.

        Returns:
            by the chain's name its ``rows``, its ``clipped_rows``, and in ``features``, by number,
            the ``count`` of clipped values and the largest ``factor`` beyond the range.
        """
        return self._require_open().statistics()

    def memory(self) -> dict[str, MapPlan]:
        """What the feature maps of each step take on a unit, by the step's name."""
        return self._require_open().plans

    def summary(self, print_fn: Callable[[str], object] = print) -> None:
        """Prints a table: each layer, where it runs, and why; ``-`` where it is part of another."""
        require_instance("print_fn", print_fn, Callable, expected="a function")  # type: ignore[arg-type]
        print_fn(summary_text(self))

    def save(self, path: str | os.PathLike[str], *, rows: int = SAVED_ROWS) -> None:
        """Writes everything that :func:`xfblas.load` needs into one HDF5 file.

        Args:
            path: of the file; its name may end as it likes, but not as other kinds of files do.
            rows: of the calibration that it keeps at most, by which :meth:`load_weights` derives
                scales; 0 for none.

        Raises:
            InvalidValueError: an argument cannot be used: there is no such folder, or the name is
                that of a Keras file, say.
            OSError: the file cannot be written.
        """
        from xfblas.compiled.saved_model import save

        path = require_output("path", path, (".xfblas",), (*MODEL_KINDS, *ROW_KINDS))
        save(self, path, require_integer("rows", rows, 0, 2**31))

    def save_vectors(self, path: str | os.PathLike[str], x: Any) -> None:
        """Writes rows and what every layer gives for them, to replay on other machines and cards.

        ``xfblas verify --vectors path`` does, and names the first layer and element that differs.

        Args:
            path: of the file, ``.npz``; it holds the model too, without calibration rows.
            x: as for :meth:`predict_on_batch`; a few rows will do.

        Raises:
            InvalidValueError: as :meth:`predict`, or there are no rows.
            OSError: the file cannot be written.
        """
        from xfblas.compiled.saved_vectors import save_vectors

        save_vectors(self, path, x)

    def close(self) -> None:
        """Frees its memory on the device; safe to call twice."""
        with self._closing:
            self._engine = self._plain = None
            self._finalizer()

    def _require_open(self) -> GraphEngine:
        engine = self._engine
        if engine is None or self.device.closed:
            raise NotInitializedError(f"{self!r}: compile or load the model again")
        return engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.closed:
            return f"<xfblas.CompiledModel {self.graph.name}, closed>"
        engine, steps = steps_on_engine(lines_of(self.graph, self.host_reasons, self.networks))
        return (
            f"<xfblas.CompiledModel {self.graph.name} {self.device.dtype} on "
            f"{self.device.target}, {engine} steps on the engine and {steps - engine} on the host>"
        )


def _rows_of(outputs: Any) -> int:
    """Rows of what a prediction returned."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    return len(outputs[0] if isinstance(outputs, list) else outputs)
