"""Both models over the data: the float one, and the quantized one in the exact simulation."""

import numpy as np

from xfblas.compiled.softmax_steps import as_run, softmax_networks
from xfblas.graph import EngineStep, HostStep, MapStep
from xfblas.reporting.layer_report import LayerReport
from xfblas.reporting.nearness import Nearness
from xfblas.reporting.observed_layer import ObservedLayer
from xfblas.reporting.observed_maps import ObservedMaps
from xfblas.reporting.observed_output import ObservedOutput
from xfblas.reporting.observed_softmax import ObservedSoftmax
from xfblas.rows.batches import Batch


class Measurement:
    """Everything that is seen of a model and its quantized layers.

    Args:
        graph: the float model.
        networks: the quantized layers of each engine step, by its name.
        host_reasons: why an engine step is computed in float by the host, by its name.
    """

    def __init__(self, graph, networks: dict, host_reasons: dict | None = None):
        self.graph, self.networks = graph, networks
        self.host_reasons = host_reasons or {}
        self.layers: dict[str, list[ObservedLayer]] = {
            step.name: [
                ObservedLayer(networks[step.name], index, layer)
                for index, layer in enumerate(step.network.layers)
            ]
            for step in graph.engine_steps
            if step.name in networks
        }
        self._as_run = as_run(graph, networks)
        self._by_tables = softmax_networks(graph, networks)
        #: Of the last chunk, what each chain before a softmax by tables gave, by the softmax.
        self.elements: dict[str, np.ndarray] = {}
        self._tensors = {}
        self._largest = {}
        self._clipped = {name: [0, 0] for name in networks}
        self._maps = {
            step.name: ObservedMaps(step, networks[step.name])
            for step in graph.map_steps
            if step.name in networks
        }

    def add(self, inputs: list[np.ndarray]) -> tuple[dict, dict]:
        """One chunk of rows; returns every tensor by name, of the float model and the quantized."""
        floats: dict[str, list[np.ndarray]] = {}

        def in_float(step, rows):
            if isinstance(step, MapStep):
                return step.outputs_of(rows)
            floats[step.name] = step.network.outputs_of(rows)
            return floats[step.name][-1]

        def on_engine(step, rows):
            if step.name not in self.networks:
                return step.outputs_of(rows)
            if isinstance(step, MapStep):
                return self._maps[step.name].add(rows)
            return self._run(step, rows, floats[step.name])

        expected = self.graph.run(inputs, in_float)
        found = self._as_run.run(inputs, on_engine)
        for step in self.graph.steps:
            if step.output in self._by_tables:
                # The chain gave the softmax itself.
                network, elements = self._by_tables[step.output], self.elements[step.output]
                shape = found[step.inputs[0]].shape
                found[step.inputs[0]] = network.logits(elements).reshape(shape)
        for step in self.graph.steps:
            name = step.output
            self._tensors.setdefault(name, Nearness()).add(expected[name], found[name])
            largest = float(np.abs(expected[name]).max(initial=0.0))
            self._largest[name] = max(self._largest.get(name, 0.0), largest)
        return expected, found

    def _run(self, step, rows, expected):
        network = self.networks[step.name]
        if network.input_scale is not None:
            clipped = self._clipped[step.name]
            clipped[0] += clipped_inputs(network, rows)
            clipped[1] += rows.size
        trace = network.simulate(network.quantize_input(rows))
        for observed, values, layer in zip(
            self.layers[step.name], expected, trace.layers, strict=True
        ):
            found = observed.add(values, layer)
        if network.softmax is not None:
            (output,) = (name for name, one in self._by_tables.items() if one is network)
            self.elements[output] = trace.output
            return network.finish(trace.output)
        return found

    def decibels(self, tensor: str) -> float | None:
        """Of a tensor of the graph against the float model's; None for an input."""
        return self._tensors[tensor].decibels if tensor in self._tensors else None

    def reports(self) -> list[LayerReport]:
        """A line for each layer on the engine and each step of the host, in order."""
        lines = []
        for step in self.graph.steps:
            before = [self.decibels(name) for name in step.inputs]
            before = [value for value in before if value is not None and np.isfinite(value)]
            worst = min(before, default=None)
            if step.name in self._maps:
                lines += self._maps[step.name].reports()
                continue
            if step.name not in self.layers:
                lines.append(self._host(step, worst))
                continue
            clipped = tuple(self._clipped[step.name])
            for observed in self.layers[step.name]:
                line = observed.report(step, worst, clipped)
                lines.append(line)
                worst, clipped = line.decibels, None
        return lines

    def _host(self, step, before) -> LayerReport:
        nearness = self._tensors[step.output]
        decibels = nearness.decibels
        is_chain = isinstance(step, EngineStep)
        in_float = "layers in float" if not isinstance(step, HostStep) else step.function
        place, reason = "host", self.host_reasons.get(step.name, step.reason)
        if step.output in self._by_tables:
            place, reason = "softmax", self._by_tables[step.output].softmax.text()
        return LayerReport(
            name=step.output,
            step=step.name,
            output=step.output,
            place=place,
            reason=reason,
            activation=in_float,
            inputs=step.network.input_units if is_chain else None,
            outputs=step.network.output_units if is_chain else 0,
            values=nearness.values,
            largest=self._largest[step.output],
            decibels=decibels,
            lost=None if before is None or decibels is None else before - decibels,
            cosine=nearness.cosine,
        )


def clipped_inputs(network, rows: np.ndarray) -> int:
    """How many values of float rows (m, k) lie beyond the range of the network's input."""
    values = rows.astype(np.float64)
    if network.input_offset is not None:
        values = values - network.input_offset
    limit = network.input_limit or float(np.iinfo(network.dtype).max)
    return int((np.abs(values * network.input_scale) > limit + 0.5).sum())


class Observation:
    """What batches of rows show of a model and its quantized layers.

    Args:
        graph, networks, host_reasons: see :class:`Measurement`.
        classes: names of the classes, in order.

    Attributes:
        measurement: of the layers and steps.
        outputs: one for each output of the model.
        softmaxes: those by tables, by name.
        rows: how many were seen.
    """

    def __init__(self, graph, networks: dict, host_reasons: dict | None = None, classes=None):
        self.measurement = Measurement(graph, networks, host_reasons)
        self.softmaxes = {
            name: ObservedSoftmax(name, network)
            for name, network in softmax_networks(graph, networks).items()
        }
        self.outputs = [ObservedOutput(graph, i, classes) for i in range(len(graph.outputs))]
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Has both models compute a batch."""
        expected, found = self.measurement.add(batch.inputs)
        labels = {}
        for output, targets in zip(self.outputs, batch.targets, strict=True):
            output.add(expected, found, targets)
            labels[output.spec.name] = output.labels_of(targets, found)
        for name, softmax in self.softmaxes.items():
            softmax.add(self.measurement.elements[name], labels.get(name))
        self.rows += batch.rows
