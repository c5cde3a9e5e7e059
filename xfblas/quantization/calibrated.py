"""A network's integers from calibration rows: one pass over the rows, then layer by layer.

With S for a scale (integer = round(value * S)), each layer's choice is: the range of every output
(:mod:`.ranges`), its scale (:mod:`.inputs`, :mod:`.folding`), the instruction's postScale and
postShift with integers that no input can make overflow (:mod:`.integers`, :mod:`.bounds`), which
way weights are rounded (:mod:`.rounding`), and last the bias correction:

    X[j] += mean over the sample of (sum of the float layer - sum of the integers)         (1)

in steps of the sums. The sample's integers are computed exactly along the way, so every layer is
made for the inputs that it will really get, with the errors of those before it.
"""

from dataclasses import dataclass, replace

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.models import Network
from xfblas.quantization import bounds, simulation
from xfblas.quantization.calibration import Calibration, calibrate
from xfblas.quantization.input_coding import InputCoding
from xfblas.quantization.inputs import exact_features, input_columns, input_scales, ranges_with_room
from xfblas.quantization.integers import (
    Room,
    build_layer,
    choose_factor,
    proved_sums,
    whole_numbers,
)
from xfblas.quantization.layers import LEGACY, Arithmetic, QuantizedLayer, QuantizedNetwork
from xfblas.quantization.options import Options
from xfblas.quantization.plan import Plan, Shape, Wanted, choose_plan
from xfblas.quantization.preparation import PreparedLayer, prepare
from xfblas.quantization.ranges import limits
from xfblas.quantization.rounding import compensated
from xfblas.quantization.scales import BIAS_MAX
from xfblas.quantization.search import Variant, best_attempt
from xfblas.quantization.summary import LayerSummary


@dataclass(frozen=True, eq=False)
class Signal:
    """What flows from one layer to the next.

    Attributes:
        scale: (k,) integers per unit.
        zero_point: the integer that stands for 0.
        interval: the possible integers.
        integers: (rows, k) the sample's, of the element type.
        floats: (rows, k) the sample's as the float network has them.
    """

    scale: np.ndarray
    zero_point: int
    interval: bounds.Interval
    integers: np.ndarray
    floats: np.ndarray


@dataclass(frozen=True, eq=False)
class Attempt:
    """A network, and the mean square of its error on the sample beside that of the logits."""

    network: QuantizedNetwork
    noise: float
    signal: float

    @property
    def decibels(self) -> float:
        """Signal to noise ratio of the logits on the sample."""
        if self.noise == 0:
            return float("inf")
        return float(10 * np.log10(self.signal / self.noise)) if self.signal > 0 else -np.inf


def quantize_calibrated(network: Network, rows, options: Options) -> QuantizedNetwork:
    """See :func:`~xfblas.quantization.quantize`."""
    check_slopes(network)
    layers, output_slope = prepare(network, "prelu" if options.legacy else options.leaky)
    seen = calibrate(layers, rows, options.legacy)
    options = replace(options, margin=options.margin_for(seen.inputs.rows))
    attempt = best_attempt(lambda variant: build(layers, seen, variant), layers, options)
    return replace(
        attempt.network,
        output_slope=output_slope,
        output_activation=network.output_activation,
    )


def build(layers: list[PreparedLayer], seen: Calibration, variant: Variant) -> Attempt:
    """All layers in turn.

    Args:
        layers: float layers.
        seen: what calibration saw of them.
        variant: what the caller asked for, and what is tried.
    """
    options, shrink = variant.options, variant.shrink
    signal, coding = _first(layers, seen, options, shrink[0])
    done: list[tuple[QuantizedLayer, LayerSummary]] = []
    for index in range(len(layers)):
        smaller = shrink[index + 1] if index + 1 < len(layers) else 0
        layer, summary, signal = _next(
            layers, seen, variant, index, signal, smaller, None if index else coding
        )
        done.append((layer, summary))
    floats = signal.floats
    values = done[-1][1].values(signal.integers)
    error = values - floats[:, : values.shape[1]]
    network = QuantizedNetwork(
        tuple(layer for layer, _ in done),
        LEGACY if options.legacy else Arithmetic(),
        coding.scale,
        done[-1][1].scale if options.per_channel else float(done[-1][1].scale[0]),
        input_limit=coding.limit,
        input_offset=coding.offset,
        input_base=coding.base,
        input_columns=coding.columns,
        output_windows=done[-1][1].windows,
        summaries=tuple(summary for _, summary in done),
    )
    return Attempt(network, float((error**2).mean()), float((floats**2).mean()))


def _first(layers, seen: Calibration, options: Options, shrink: int) -> tuple[Signal, InputCoding]:
    """The network's inputs."""
    largest = _limits(seen.inputs, options, options.element_max)
    ranges = (
        ranges_with_room(seen.inputs, largest, layers[0].kernel)
        * options.margin
        * options.input_room
    )
    limit = max(1, options.element_max >> shrink)
    scale = input_scales(seen, ranges, limit, options.power_of_two)
    offset = seen.offset if seen.offset.any() else None
    first = layers[0].sums(seen.sample)
    columns = input_columns(
        scale,
        layers[0].kernel,
        exact_features(seen, scale),
        float(first.var(axis=0).sum()),
        options,
    )
    base = options.input_base if columns is not None and columns.max() >= len(scale) else 0
    coding = InputCoding(scale, offset, limit, base, columns)
    interval = bounds.Interval(*coding.ends())
    if limit == options.element_max:
        # The proof then holds for any integers at all, even such as no row is encoded to: low
        # digits have small weights, so it costs little.
        interval = bounds.whole(options.bits, len(interval.low))
    integers = coding.encode(seen.sample)
    integers = integers.astype(np.int16 if options.bits == 16 else np.int8)
    signal = Signal(coding.scales(), 0, interval, integers, seen.sample)
    return signal, coding


def _next(layers, seen, variant, index, signal, shrink, coding):
    """One layer: its instruction, its summary and what flows out of it."""
    options = variant.options
    layer, histogram = layers[index], seen.layers[index]
    arithmetic = LEGACY if options.legacy else Arithmetic()
    is_last = index + 1 == len(layers)
    importance = None if is_last else (layers[index + 1].kernel ** 2).sum(axis=1)
    # The engine's inputs may hold a feature more than once.
    kernel = layer.kernel if coding is None else layer.kernel[coding.sources()]
    has_offset = coding is not None and coding.offset is not None
    bias = layer.bias + coding.offset @ layer.kernel if has_offset else layer.bias
    centered = signal.integers.astype(np.float64) - signal.zero_point
    wanted = Wanted(
        layer.name,
        kernel / signal.scale[:, np.newaxis],
        bias,
        _ranges(histogram, options),
        np.ones(len(bias)) if importance is None else importance,
        (centered**2).mean(axis=0),
        signal.zero_point,
        signal.interval,
        shrink,
    )
    plan = choose_plan(wanted, options, _shapes(layer, variant, index, is_last))
    float_sums = layer.sums(signal.floats)
    quantized, total, factor = _integers(layer, plan, options, centered, float_sums)
    trace = simulation.run_layer(quantized, signal.integers, arithmetic, plan.zero_point)
    interval = bounds.outputs(total, quantized, options.bits, arithmetic.saturate, arithmetic.round)
    limit = plan.target.weight_limit * (1 + 1e-12)
    summary = LayerSummary(
        name=layer.name,
        inputs=quantized.weights.shape[0],
        outputs=quantized.weights.shape[1],
        activation=layer.model_activation,
        bits=options.bits,
        scale=plan.scale,
        zero_point=plan.zero_point,
        windows=plan.windows,
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
    flows = Signal(plan.scale, plan.zero_point, interval, trace.output, layer.activate(float_sums))
    return quantized, summary, flows


def _shapes(layer: PreparedLayer, variant: Variant, index: int, is_last: bool) -> list[Shape]:
    """The forms that a layer's output may have: its zero point and its windows."""
    options = variant.options
    if is_last:
        return [Shape(0, count) for count in range(1, options.output_windows + 1)]
    if variant.saturated[index] and layer.activation == "relu":
        return [Shape(-(options.element_max + 1), 1), Shape(0, 1)]
    return [Shape(0, 1)]


def _ranges(histogram, options: Options) -> np.ndarray:
    """The size that each output shall hold, (n,), above 0."""
    ranges = _limits(histogram, options, options.element_max) * options.margin
    return np.where(ranges > 0, ranges, ranges.max() or 1.0)


def _integers(layer, plan: Plan, options: Options, centered, float_sums):
    """The instruction, the proved ends of its sums, and 1 / P.

    ``centered`` are the sample's inputs, ``float_sums`` the float layer's sums of it.
    """
    target, room = plan.target, Room.of(options)
    outputs = np.tile(float_sums * plan.scale, (1, plan.windows)) + plan.offset
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
        addend = whole_numbers(addend - target.input_zero * weights.sum(axis=0), BIAS_MAX)
        quantized = build_layer(layer, weights, addend, post, plan.zero_point, options.bits)
        try:
            return quantized, proved_sums(quantized, target.inputs, room), factor
        except UnsupportedModelError:
            # Rounding that compensates moves weights by more than half a step.
            tightened *= 2.0 if options.power_of_two else 1.05
    raise UnsupportedModelError(
        f"layer {layer.name}: no weights were found whose sums fit the {room.accumulator}-bit "
        "accumulator"
    )


def _limits(histogram, options: Options, levels: float) -> np.ndarray:
    if not options.per_channel and options.activations != "minmax":
        merged = limits(histogram.merged(), options.activations, options.percentile, int(levels))
        return np.minimum(histogram.largest, merged[0])
    return limits(histogram, options.activations, options.percentile, int(levels))


def check_slopes(network: Network) -> None:
    """Raises an UnsupportedModelError that names every slope beyond -1 to 1."""
    steep = [layer for layer in network.layers if abs(layer.negative_slope) > 1]
    if steep:
        raise UnsupportedModelError(
            "\n".join(
                f"{layer.name}: a negative slope of {layer.negative_slope} could leave the range "
                "of the engine's integers, expected -1 to 1"
                for layer in steep
            )
        )
