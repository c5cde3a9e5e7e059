"""A graph of steps, each on the engine or on the host."""

import dataclasses
from threading import Event

import numpy as np

from xfblas.checks import require_instance, shown
from xfblas.compiled.softmax_steps import as_run, softmax_networks
from xfblas.device.binding import softmax
from xfblas.errors import InvalidValueError
from xfblas.graph import EngineStep, MapStep, ModelGraph
from xfblas.layers.curves import CURVES
from xfblas.layers.placement import PREACTIVATION
from xfblas.program.clipped_inputs import ClippedInputs, clipped_inputs
from xfblas.program.map_engine import MapEngine
from xfblas.program.map_plan import MapPlan
from xfblas.program.network_engine import NetworkEngine
from xfblas.quantization import QuantizedMaps, QuantizedNetwork
from xfblas.timeline import HOST, Timeline

#: The track of what runs on compute units in parts that are not timed.
UNITS = "compute units"
#: Functions of one value, which the engine computes at the end of the sums before them.
_PIXELWISE = ("relu", "prelu", *CURVES)
#: Values of gathered windows that the host keeps at once.
GATHERED = 2**24


class GraphEngine:
    """Runs a :class:`~xfblas.graph.model_graph.ModelGraph` on compute units that share its rows.

    Args:
        graph: the model.
        networks: the quantized layers of each engine step, by its name; a step without is computed
            in float by the host.
        compute_units: of one device or several.
        before: an engine of the same model with other weights, which goes on as it is: what is
            equal on both is on the device once.

    Attributes:
        plain: what computes a model of one chain by itself, else None: ``plain.predict(rows)``
            gives the model's output (m, n) for rows (m, k).
    """

    def __init__(
        self,
        graph: ModelGraph,
        networks: dict[str, QuantizedNetwork | QuantizedMaps],
        compute_units,
        before: "GraphEngine | None" = None,
    ):
        steps = {step.name for step in (*graph.engine_steps, *graph.map_steps)}
        for name, network in networks.items():
            kinds = QuantizedNetwork | QuantizedMaps
            require_instance(f"networks[{shown(name)}]", network, kinds)
            if name not in steps:
                raise InvalidValueError(
                    f"networks has {shown(name)}, expected names of the graph's steps: "
                    + ", ".join(sorted(steps))
                )
        self.graph = graph
        self._graph = as_run(graph, networks)
        self._by_tables = softmax_networks(graph, networks)
        #: What a model whose output is a dict calls its outputs; else none.
        self.keys = [spec.key for spec in graph.outputs if spec.key is not None]
        columns = {spec.name: spec.columns for spec in graph.inputs}
        inputs = {step.name: step.input for step in (*graph.engine_steps, *graph.map_steps)}
        # What a clipped input leads to in later chains needs no warning of its own.
        told = Event()
        old = {} if before is None else before._engines
        self._engines = {}
        for name, network in networks.items():
            if isinstance(network, QuantizedMaps):
                clipped = ClippedInputs(name, network.input_coding, None, told)
                self._engines[name] = MapEngine(compute_units, network, clipped)
            else:
                clipped = clipped_inputs(name, network, columns.get(inputs[name]), told)
                self._engines[name] = NetworkEngine.on_units(
                    compute_units, network, clipped, old.get(name)
                )
        self.plain = self._plain(compute_units)

    def _plain(self, compute_units):
        chain = self.graph.as_network()
        if chain is None or len(self._engines) != 1 or len(self.graph.inputs[0].shape) != 1:
            return None
        engine = next(iter(self._engines.values()))
        if chain.output_activation != engine.network.output_activation:
            # The same layers, with what the host computes last.
            network = dataclasses.replace(engine.network, output_activation=chain.output_activation)
            return engine.with_network(network)
        return engine

    @property
    def rows_at_once(self) -> int:
        """Rows that are worth giving at once."""
        sizes = [engine.rows_at_once for engine in self._engines.values()]
        values = self.graph.gathered_values
        sizes += [max(1, GATHERED // values)] if values else []
        return min(sizes, default=8192)

    def outputs(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """The model's outputs, float32, for arrays (m, ...) of its inputs."""
        if self.plain is not None:
            rows = inputs[0]
            if len(inputs) == 1 and rows.ndim == 2 and rows.dtype == np.float32:
                try:
                    # C looks for numbers that are not finite itself, in the same pass.
                    return [self.plain.predict(rows)]
                except InvalidValueError:
                    # Said again below, in terms of the model's input.
                    pass
            tensors = self.graph.tensors_of(inputs)
            return [self.plain.predict(tensors[self.graph.inputs[0].name])]
        tensors = self._graph.run(inputs, self._compute)
        return [np.asarray(tensors[spec.name], np.float32) for spec in self.graph.outputs]

    def timed_outputs(self, inputs: list[np.ndarray], timeline: Timeline) -> list[np.ndarray]:
        """As :meth:`outputs`, with spans of what was computed.

        Args:
            inputs: arrays (m, ...) of the model's inputs.
            timeline: takes the spans.
        """

        def compute(step, rows):
            engine = self._engines.get(step.name)
            if isinstance(engine, NetworkEngine | MapEngine):
                return engine.timed_predict(rows, step.name, timeline)
            with timeline.measure(step.name, HOST if engine is None else UNITS, rows=len(rows)):
                return self._compute(step, rows)

        def watch(step):
            return timeline.measure(step.name, function=step.function)

        with timeline.measure("check inputs"):
            tensors = self.graph.tensors_of(inputs)
        if self.plain is not None:
            rows = tensors[self.graph.inputs[0].name]
            return [self.plain.timed_predict(rows, self.graph.name, timeline)]
        tensors = self._graph.run([*tensors.values()], compute, watch)
        return [np.asarray(tensors[spec.name], np.float32) for spec in self.graph.outputs]

    def no_outputs(self) -> list[np.ndarray]:
        """Outputs for no rows: the shapes are those that one row of zeros gives."""
        inputs = [
            np.zeros((1, *(1 if size is None else size for size in spec.shape)), spec.dtype)
            for spec in self.graph.inputs
        ]
        return [output[:0] for output in self.outputs(inputs)]

    def structured(self, outputs: list):
        """A single array, a list, or a dict, as the Keras model returns it."""
        if self.keys:
            return {spec.key: out for spec, out in zip(self.graph.outputs, outputs, strict=True)}
        return outputs[0] if len(outputs) == 1 else outputs

    def trace(
        self, inputs: list[np.ndarray], preactivations: bool = False
    ) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
        """The outputs, and what each layer on the engine and each step on the host put out.

        Names are those of :mod:`xfblas.layers.placement`.

        Args:
            inputs: arrays (m, ...) of the model's inputs.
            preactivations: whether to have the sums of layers whose activation the engine computes.
        """
        layers: dict[str, np.ndarray] = {}
        before: dict[str, list] = {}
        sums: dict[str, list] = {}

        def compute(step, rows):
            engine = self._engines.get(step.name)
            if isinstance(step, MapStep):
                before[step.name] = _traced(step, engine, rows, preactivations)
                return step.outputs_of(rows) if engine is None else engine.predict(rows)
            into = sums[step.name] = []
            if engine is not None:
                before[step.name] = engine.layer_outputs(rows, into if preactivations else None)
                if engine.network.softmax is not None:
                    return engine.predict(rows)
            else:
                before[step.name] = step.network.outputs_of(rows)
                into += step.network.sums_of(rows) if preactivations else []
            return before[step.name][-1]

        tensors = self._graph.run(inputs, compute)
        for step in self.graph.steps:
            if isinstance(step, EngineStep):
                lead = tensors[step.input].shape[:-1]
                for layer, values in zip(step.network.layers, sums[step.name], strict=False):
                    if layer.activation != "linear":
                        name = _free(layer.output + PREACTIVATION, layers)
                        layers[name] = values.reshape(*lead, values.shape[-1])
                for layer, values in zip(step.network.layers, before[step.name], strict=True):
                    layers[_free(layer.output, layers)] = values.reshape(*lead, values.shape[-1])
            elif isinstance(step, MapStep):
                layers.update(before[step.name])
            elif step.function != "gather_windows":  # What it gives are copies of its input.
                layers[_free(step.output, layers)] = np.asarray(tensors[step.output], np.float32)
        is_float = self.plain is not None and self.plain.network.softmax is None
        if is_float and self.plain.network.output_activation == "softmax":
            # As predict has it: the softmax of C may round another way.
            step = self.graph.steps[-1]
            tensors[step.output] = layers[step.output] = softmax(tensors[step.inputs[0]].copy())
        return [np.asarray(tensors[spec.name], np.float32) for spec in self.graph.outputs], layers

    def statistics(self) -> dict[str, dict]:
        """Counts of each engine step with scales, by its name."""
        return {
            name: engine.clipped.statistics()
            for name, engine in self._engines.items()
            if engine.clipped is not None
        }

    def _compute(self, step, rows):
        engine = self._engines.get(step.name)
        return step.outputs_of(rows) if engine is None else engine.predict(rows)

    @property
    def plans(self) -> dict[str, MapPlan]:
        """The memory of each step over maps, by its name."""
        engines = self._engines.items()
        return {name: one.plan for name, one in engines if isinstance(one, MapEngine)}


def _traced(
    step: MapStep, engine: MapEngine | None, values: np.ndarray, preactivations: bool
) -> dict:
    """Tensors of a step over maps: those that the engine stores, or all of the host's."""
    if engine is not None:
        names = {part.output: part.inputs[0] for part in step.steps if part.function in _PIXELWISE}
        return engine.trace(values, names if preactivations else None)
    found: dict[str, np.ndarray] = {}
    step.run(values, found.__setitem__, {part.output for part in step.steps})
    return found


def _free(name: str, taken) -> str:
    """A network by hand may have a name twice: the second gets a number."""
    if name not in taken:
        return name
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    return f"{name}#{number}"
