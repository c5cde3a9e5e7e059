"""One layer: its form, its integers with the proof that they fit, its summary, what flows out."""

from dataclasses import dataclass

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.quantization import bounds, simulation
from xfblas.quantization.constants import MOST_CONSTANTS, constant_held, shared_out
from xfblas.quantization.histogram import Histogram
from xfblas.quantization.integers import (
    Room,
    build_layer,
    choose_factor,
    proved_sums,
    whole_numbers,
)
from xfblas.quantization.layers import LEGACY, Arithmetic, QuantizedLayer
from xfblas.quantization.options import Options
from xfblas.quantization.plan import Plan, Shape, Wanted, choose_plan
from xfblas.quantization.preparation import PreparedLayer
from xfblas.quantization.ranges import size_limits
from xfblas.quantization.rounding import compensated
from xfblas.quantization.signal import Signal, extended
from xfblas.quantization.summary import LayerSummary


@dataclass(frozen=True, eq=False)
class Place:
    """A layer among the others.

    Attributes:
        layer: in float64.
        bias: (n,) float64, its own and that of its inputs' offset.
        sums: (rows, n) the float layer's sums of the sample.
        histogram: of what calibration saw come out of it.
        importance: (n,) how much an output's noise matters.
        shapes: the forms that its output may have.
        shrink: bits by which its output is smaller than it could be.
    """

    layer: PreparedLayer
    bias: np.ndarray
    sums: np.ndarray
    histogram: Histogram
    importance: np.ndarray
    shapes: list[Shape]
    shrink: int


@dataclass(frozen=True, eq=False)
class Choice:
    """What was made of a layer.

    Attributes:
        layer: the instruction.
        summary: for reports.
        signal: what flows out of it.
        constants: how many constant columns it needs of the layer before it.
    """

    layer: QuantizedLayer
    summary: LayerSummary
    signal: Signal
    constants: int


def choose_layer(place: Place, signal: Signal, options: Options) -> Choice:
    """The layer's integers for inputs ``signal``.

    Raises:
        UnsupportedModelError: no weights fit.
    """
    layer, arithmetic = place.layer, LEGACY if options.legacy else Arithmetic()
    room = Room.of(options)
    if options.constants and signal.constant:
        room = room.with_bias(signal.constant * MOST_CONSTANTS)
    centered = signal.centered()
    wanted = Wanted(
        layer.name,
        layer.kernel[signal.sources] / signal.scale[:, np.newaxis],
        place.bias,
        _ranges(place.histogram, options),
        place.importance,
        (centered**2).mean(axis=0),
        signal.zero_point,
        signal.interval,
        place.shrink,
        room,
    )
    plan = choose_plan(wanted, options, place.shapes)
    quantized, total, factor, constants = _integers(place, plan, options, room, signal, centered)
    inputs = signal.integers
    if constants:
        added = np.full((len(inputs), constants), signal.constant, inputs.dtype)
        inputs = np.hstack([inputs, added])
    trace = simulation.run_layer(quantized, inputs, arithmetic, plan.zero_point)
    interval = bounds.outputs(total, quantized, options.bits, arithmetic.saturate, arithmetic.round)
    flows = Signal(
        np.tile(plan.scale, plan.windows),
        plan.zero_point,
        interval,
        trace.output,
        np.tile(np.arange(len(plan.scale)), plan.windows),
        0 if options.legacy else constant_held(quantized, options.bits)[0],
    )
    summary = _summary(place, plan, options, quantized, total, factor, signal)
    return Choice(quantized, summary, flows, constants)


def _summary(place, plan: Plan, options, quantized, total, factor, signal) -> LayerSummary:
    layer, histogram = place.layer, place.histogram
    limit = plan.target.weight_limit * (1 + 1e-12)
    return LayerSummary(
        name=layer.name,
        inputs=quantized.weights.shape[0],
        outputs=quantized.weights.shape[1],
        activation=layer.model_activation,
        bits=options.bits,
        scale=plan.scale,
        zero_point=plan.zero_point,
        windows=plan.windows,
        constants=0,
        split_slope=layer.split_slope,
        sum_scale=plan.scale * factor,
        post_scale=quantized.post_scale,
        post_shift=quantized.post_shift,
        prelu_scale=quantized.prelu_scale,
        prelu_alpha=quantized.prelu_alpha,
        largest_weight=float(np.abs(layer.kernel).max()),
        weight_bits=int(np.abs(quantized.weights.astype(np.int64)).max()).bit_length() + 1,
        clipped_weights=int((np.abs(plan.target.kernel) > limit).sum()),
        largest_seen=histogram.largest.copy(),
        clipped_seen=histogram.count_beyond(plan.levels / plan.scale),
        values_seen=histogram.rows * len(plan.scale),
        sum_low=int(total.low.min()),
        sum_high=int(total.high.max()),
        sum_bits=total.bits(),
        accumulator=options.accumulator_bits,
        input_low=int(signal.interval.low.min()),
        input_high=int(signal.interval.high.max()),
    )


def _ranges(histogram: Histogram, options: Options) -> np.ndarray:
    """The size that each output shall hold, (n,), above 0."""
    ranges = size_limits(histogram, options, options.element_max) * options.margin
    return np.where(ranges > 0, ranges, ranges.max() or 1.0)


def _integers(place: Place, plan: Plan, options: Options, room: Room, signal: Signal, centered):
    """The instruction, the proved ends of its sums, 1 / P, and how many constants it needs."""
    target, layer = plan.target, place.layer
    outputs = np.tile(place.sums * plan.scale, (1, plan.windows)) + plan.offset
    tightened = 1.0
    for _ in range(20):
        post = choose_factor(layer.name, target.scaled(tightened), room)
        factor = 2.0 ** post[1] / post[0]
        limit = target.weight_limit * factor
        ideal = np.clip(target.kernel * factor, -limit, limit)
        if options.rounding == "compensated":
            weights = compensated(ideal, centered, options.element_max)
        else:
            weights = whole_numbers(ideal, options.element_max)
        addend = target.bias * factor
        if options.bias_correction:
            addend = (outputs * factor - centered @ weights).mean(axis=0)
        addend = np.rint(addend - target.input_zero * weights.sum(axis=0))
        addend = whole_numbers(addend, room.bias_max)
        constants, addend = shared_out(addend, signal.constant, options.element_max)
        quantized = build_layer(
            layer, np.vstack([weights, constants]), addend, post, plan.zero_point, options.bits
        )
        inputs = extended(target.inputs, signal.constant, len(constants))
        try:
            return quantized, proved_sums(quantized, inputs, room), factor, len(constants)
        except UnsupportedModelError:
            # Rounding that compensates moves weights by more than half a step.
            tightened *= 2.0 if options.power_of_two else 1.05
    raise UnsupportedModelError(
        f"layer {layer.name}: no weights were found whose sums fit the {room.accumulator}-bit "
        "accumulator"
    )
