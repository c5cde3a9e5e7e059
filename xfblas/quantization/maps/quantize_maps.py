"""The entry: float functions over maps and calibration frames in, a network of integers out."""

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.graph import MapStep
from xfblas.quantization.map_steps import (
    ConvolutionStep,
    MapEpilogue,
    MapNetwork,
    MapSlice,
    Walk,
    WindowStep,
)
from xfblas.quantization.maps.choices import Choices
from xfblas.quantization.maps.lowering import Lowering
from xfblas.quantization.maps.nodes import Node, Part
from xfblas.quantization.maps.placing import Placing
from xfblas.quantization.maps.quantized_maps import MapSummary, QuantizedMaps, StoredTensor
from xfblas.quantization.maps.sampling import Sample
from xfblas.quantization.options import Options


def quantize_maps(step: MapStep, frames: np.ndarray, options: Options) -> QuantizedMaps:
    """Quantizes a step with scales from calibration frames.

    Args:
        step: what it computes in float.
        frames: (m, ...) float32 typical inputs of the step.
        options: bits, margin, accumulator, bias_correction, weight_bits.

    Raises:
        InvalidValueError: there are no frames.
        UnsupportedModelError: a layer's sums cannot fit.
    """
    if not len(frames):
        raise InvalidValueError("calibration has no rows, expected 1 or more")
    # Sums of bytes always fit the 32 bits that products of taps are added up in.
    lowering = Lowering(step, by_taps=options.bits == 8)
    choices = Choices(step, lowering, Sample(step, lowering, frames), options)
    return _Assembly(step, lowering, choices, options).network()


class _Assembly:
    """Steps of instructions, with their places."""

    def __init__(self, step: MapStep, lowering: Lowering, choices: Choices, options: Options):
        self._step, self._lowering, self._choices = step, lowering, choices
        self._options, self._bits = options, options.bits

    def network(self) -> QuantizedMaps:
        """All of it, placed."""
        lowering, scales, out = self._lowering, self._choices.scales, self._lowering.output.stored
        windows = {out: self._choices.windows}
        placing = Placing(lowering, windows)
        steps = []
        for node in placing.nodes:
            for index, part in enumerate(node.parts):
                name = node.target if len(node.parts) == 1 else f"{node.target}:{index}"
                name += f":{node.target_first}" if node.target_first else ""
                steps.append(self._step_of(name, placing, node, index, part))
        offset, scale = self._choices.input_coding()
        network = MapNetwork(
            self._step.name,
            np.dtype(np.int16 if self._bits == 16 else np.int8),
            tuple(placing.maps),
            tuple(steps),
            lowering.input,
            placing.slice_of(out),
            scale,
            offset,
            self._options.element_max,
            scales.of(out).astype(np.float32),
            scales.zero(out),
            output_windows=windows[out],
        )
        shapes = {part.output: shape for part, shape in zip(
            self._step.steps, self._step.shapes, strict=True)}  # fmt: skip
        shapes.setdefault(lowering.input, self._step.input_shape)
        tensors = tuple(
            StoredTensor(
                name,
                placing.slice_of(name),
                shapes[name],
                scales.of(name),
                scales.zero(name),
                _written(steps, placing.slice_of(name)),
                windows.get(name, 1),
            )
            for name in lowering.sizes
            if name in shapes and name != self._step.input
        )
        summaries = tuple(self._summary(node) for node in lowering.nodes if node.has_sums)
        return QuantizedMaps(
            network,
            tensors,
            summaries,
            self._step.channels_first,
            lowering.output.is_flat,
            lowering.output.is_turned,
            self._step.output_shape,
        )

    def _step_of(self, name, placing, node, index, part: Part):
        zero = self._choices.scales.zero(node.sources[0])
        walk = Walk(
            (part.rows.size, part.columns.size),
            (part.rows.output, part.columns.output),
            (part.rows.stride, part.columns.stride),
            (part.rows.dilation, part.columns.dilation),
            (part.rows.before, part.columns.before),
            part.upsampling,
            int(np.rint(zero)),
        )
        ends = (placing.source(node), placing.target(node, part), walk)
        if node.kind in ("max", "copy"):
            return WindowStep(name, "max", *ends)
        if node.kind == "average":
            return WindowStep(name, "average", *ends)
        if node.kind == "border":
            dtype = np.int16 if self._bits == 16 else np.int8
            ones = np.ones((1, node.channels), dtype)
            none = np.zeros((1, node.channels), np.int32)
            return WindowStep(name, "depthwise", *ends, ones, none, MapEpilogue())
        made = self._choices.made[id(node)]
        own, table = made.parts[index], made.table
        entries = getattr(table, "entries", None)
        activation = None if table is None else table.instruction
        epilogue = MapEpilogue(own.post, made.prelu, activation, entries)
        if node.kind == "depthwise":
            return WindowStep(name, "depthwise", *ends, own.weights, own.bias, epilogue)
        return ConvolutionStep(name, *ends, own.weights, own.bias, epilogue)

    def _summary(self, node: Node) -> MapSummary:
        made = self._choices.made[id(node)]
        parts = node.parts
        return MapSummary(
            node.target,
            node.kind,
            tuple((part.rows.size, part.columns.size) for part in parts),
            node.channels,
            node.outputs,
            node.activation,
            node.products * made.parts[0].weights.shape[1] // node.outputs,
            max(part.sum_bits for part in made.parts),
            self._bits,
            max(int(np.abs(part.weights.astype(int)).max()) for part in made.parts).bit_length()
            + 1,
            None if made.table is None else float(made.table.argument_scale),
            "proved" if all(part.sum_bits <= 32 for part in made.parts) else made.way.name,
        )


def _written(steps: list[ConvolutionStep | WindowStep], found: MapSlice) -> int:
    """The last step that writes channels of a map; -1 where none does."""
    last = -1
    for number, step in enumerate(steps):
        width = step.source.channels if step.weights is None else step.weights.shape[1]
        first = step.target.first_channel
        is_there = step.target.map == found.map
        is_there = is_there and first < found.first_channel + found.channels
        if is_there and first + width > found.first_channel:
            last = number
    return last
