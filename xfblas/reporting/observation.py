"""A model over data, seen from its layers and from its outputs."""

from xfblas.reporting.measurement import Measurement
from xfblas.reporting.observed_output import ObservedOutput
from xfblas.rows.batches import Batch


class Observation:
    """What batches of rows show of a model and its quantized layers.

    Args:
        graph, networks, host_reasons: see :class:`~xfblas.reporting.measurement.Measurement`.
        classes: names of the classes, in order.

    Attributes:
        measurement: of the layers and steps.
        outputs: one for each output of the model.
        rows: how many were seen.
    """

    def __init__(self, graph, networks: dict, host_reasons: dict | None = None, classes=None):
        self.measurement = Measurement(graph, networks, host_reasons)
        self.outputs = [ObservedOutput(graph, i, classes) for i in range(len(graph.outputs))]
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Has both models compute a batch."""
        expected, found = self.measurement.add(batch.inputs)
        for output, targets in zip(self.outputs, batch.targets, strict=True):
            output.add(expected, found, targets)
        self.rows += batch.rows
