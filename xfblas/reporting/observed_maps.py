"""What is seen of a step over feature maps, some frames of the data at a time."""

import numpy as np

from xfblas.graph import MapStep
from xfblas.quantization import QuantizedMaps
from xfblas.reporting.layer_report import LayerReport
from xfblas.reporting.nearness import Nearness
from xfblas.reporting.observed_layer import outlier_of
from xfblas.reporting.silent_columns import SilentColumns


class ObservedMaps:
    """A step over maps: its stored tensors beside the float model's.

    Args:
        step: the float functions.
        maps: the quantized step.
    """

    def __init__(self, step: MapStep, maps: QuantizedMaps):
        self.step, self.maps = step, maps
        self._nearness = {tensor.name: Nearness() for tensor in maps.tensors}
        self._largest = dict.fromkeys(self._nearness, 0.0)
        self._saturations = dict.fromkeys(self._nearness, 0)
        self._ends = {tensor.name: self._ends_of(tensor) for tensor in maps.tensors}
        self._used = dict.fromkeys(self._nearness, 0.0)
        first = maps.channels_first
        self._silent = {
            tensor.name: SilentColumns(1 if first and len(tensor.shape) > 1 else -1)
            for tensor in maps.tensors
        }
        self._clipped = self._inputs = 0

    def add(self, values: np.ndarray) -> np.ndarray:
        """What the engine gives for the model's rows (m, ...), tensors compared on the way.

        The quantized step gets what the quantized model gives it, and so do the float functions:
        errors are those of the step alone.
        """
        found = []
        for first in range(0, len(values), self.step.frames_at_once):
            frames = values[first : first + self.step.frames_at_once]
            output, tensors = self.maps.run(frames)
            coding = self.maps.input_coding
            self._clipped += np.count_nonzero(coding.clipped(self.maps.frames_of(frames)))
            self._inputs += frames.size
            found.append(output)
            self.step.run(frames, lambda name, f, q=tensors: self._see(name, f, q), set(tensors))
        return np.concatenate(found)

    def _see(self, name, expected, tensors):
        self._nearness[name].add(expected, tensors[name])
        largest = float(np.abs(expected).max(initial=0.0))
        self._largest[name] = max(self._largest[name], largest)
        self._silent[name].add(expected, tensors[name])
        low, high = self._ends[name]
        used = float((np.abs(expected) / high).max(initial=0.0))
        self._used[name] = max(self._used[name], used)
        self._saturations[name] += np.count_nonzero((expected < low) | (expected > high))

    def _ends_of(self, tensor):
        """Between which values elements hold a tensor, for each channel where it has an axis."""
        span = tensor.windows * (2.0**self.maps.bits - 1)
        low = -np.ceil(span / 2) - (tensor.zero if tensor.windows == 1 else 0)
        if tensor.windows > 1 and tensor.zero:
            low = 0.0
        ends = [end / tensor.scale for end in (low - 0.5, low + span + 0.5)]
        # Sums are clamped before a slope makes negative ones small.
        slopes = (
            float(np.reshape(part.arrays["alpha"], -1)[0])
            for part in self.step.steps
            if part.output == tensor.name and part.function == "prelu"
        )
        ends[0] = ends[0] * next((slope for slope in slopes if 0 < slope < 1), 1.0)
        if len(tensor.shape) == 1 and tensor.shape[0] != tensor.scale.size:
            return ends[0].min(), ends[1].max()
        is_first = self.maps.channels_first and len(tensor.shape) > 1
        shape = (-1, *(1,) * (len(tensor.shape) - 1)) if is_first else (-1,)
        return tuple(end.reshape(shape) for end in ends)

    def reports(self) -> list[LayerReport]:
        """A line for each tensor that is stored, in order."""
        summaries = {summary.name: summary for summary in self.maps.summaries}
        functions = {part.output: part.function for part in self.step.steps}
        before: dict[str, float | None] = {}
        inputs = {part.output: part.inputs for part in self.step.steps}
        lines = []
        for tensor in self.maps.tensors:
            nearness, summary = self._nearness[tensor.name], summaries.get(tensor.name)
            decibels = before[tensor.name] = nearness.decibels
            worst = _worst(tensor.name, inputs, before)
            lines.append(
                LayerReport(
                    name=tensor.name,
                    step=self.step.name,
                    output=self.step.output,
                    place="maps",
                    reason="elements alone" if summary is None else summary.text(),
                    activation=functions.get(tensor.name, "")
                    if summary is None
                    else summary.activation,
                    inputs=None if summary is None else summary.channels,
                    outputs=tensor.slice.channels // tensor.windows,
                    values=nearness.values,
                    largest=self._largest[tensor.name],
                    decibels=decibels,
                    lost=None if worst is None or decibels is None else worst - decibels,
                    cosine=nearness.cosine,
                    used=self._used[tensor.name],
                    weight_bits=None if summary is None else summary.weight_bits or None,
                    weight_outlier=None if summary is None else self._outlier_of(tensor.name),
                    dead_columns=() if summary is None else self._silent[tensor.name].dead,
                    lost_columns=() if summary is None else self._silent[tensor.name].lost,
                    saturations=self._saturations[tensor.name],
                    clipped_inputs=None if lines else self._clipped,
                    inputs_seen=None if lines else self._inputs,
                    proved_bits=None if summary is None else summary.sum_bits,
                    sums=None if summary is None else summary.sums_text,
                    scale_low=float(tensor.scale.min()),
                    scale_high=float(tensor.scale.max()),
                )
            )
        return lines

    def _outlier_of(self, tensor: str) -> float | None:
        """Of the kernel whose sums become a tensor, by way of what has none."""
        parts = {part.output: part for part in self.step.steps}
        part = parts.get(tensor)
        while part is not None and "kernel" not in part.arrays:
            part = parts.get(part.inputs[0]) if len(part.inputs) == 1 else None
        return None if part is None else outlier_of(part.arrays["kernel"])


def _worst(name, inputs, before) -> float | None:
    """The least decibels of the stored tensors that a tensor is computed of."""
    found, waiting = [], list(inputs.get(name, ()))
    while waiting:
        tensor = waiting.pop()
        if tensor in before:
            found += [] if before[tensor] is None else [before[tensor]]
        else:
            waiting += inputs.get(tensor, ())
    return min(found, default=None)
