"""A network's integers, layer by layer, for one variant of a search.

The sample's integers are computed exactly along the way, so every layer is made for the inputs that
it will really get, with the errors of those before it.
"""

from dataclasses import dataclass, replace

import numpy as np

from xfblas.layers.placement import TABLES
from xfblas.quantization import bounds, simulation
from xfblas.quantization.calibration import Calibration
from xfblas.quantization.comparison import decibels
from xfblas.quantization.entry_table import choose_entries
from xfblas.quantization.form import Form
from xfblas.quantization.function_table import choose_table
from xfblas.quantization.input_coding import InputCoding
from xfblas.quantization.input_scales import input_columns, input_scales
from xfblas.quantization.integers import Integers, make_integers
from xfblas.quantization.layer_summary import LayerSummary
from xfblas.quantization.layers import LEGACY, Arithmetic, QuantizedNetwork
from xfblas.quantization.options import Options
from xfblas.quantization.preparation import PreparedLayer
from xfblas.quantization.ways import Plan, Wanted, choose_plan

#: Variants whose layers are kept, which are as large as the network.
MOST_BUILT = 4


@dataclass(frozen=True, eq=False)
class Signal:
    """The engine's inputs of a layer.

    Attributes:
        scale: (k,) integers per unit.
        zero_point: the integer that stands for 0.
        interval: the possible integers.
        integers: (rows, k) the sample's, of the element type.
        sources: (k,) the feature of the float layer that each input is of.
    """

    scale: np.ndarray
    zero_point: int
    interval: bounds.Interval
    integers: np.ndarray
    sources: np.ndarray


@dataclass(frozen=True)
class Variant:
    """One way to build a network, of those that a search tries.

    Attributes:
        margin: room above the largest value that calibration saw.
        spent: decibels that sums of 32 bits may cost a layer.
        has_room: whether outputs hold what extreme rows make of them.
        saturates: whether saturation is the ReLU.
        form: which of the network's forms.
        has_copies: whether features with outstanding weights may take several inputs.
        base: of the low digits of inputs, 0 for none.
        windows: columns for each of the network's outputs.
    """

    margin: float
    spent: float
    has_room: bool = False
    saturates: bool = False
    form: int = 0
    has_copies: bool = False
    base: int = 0
    windows: int = 1


@dataclass(frozen=True, eq=False)
class Attempt:
    """A network, and the signal to noise ratio of its logits on the sample."""

    network: QuantizedNetwork
    decibels: float

    @property
    def products(self) -> int:
        """Of one row."""
        return sum(layer.weights.size for layer in self.network.layers)


class Builder:
    """Makes attempts.

    Args:
        forms: of the float network.
        seen: what calibration saw of the inputs.
        options: the caller's.
    """

    def __init__(self, forms: list[Form], seen: Calibration, options: Options):
        self.forms, self._seen, self._options = forms, seen, options
        self._arithmetic = LEGACY if options.legacy else Arithmetic()
        self._built: dict = {}

    def build(self, variant: Variant) -> Attempt:
        """The network of one variant.

        Raises:
            UnsupportedModelError: a layer's sums do not fit.
        """
        options, form = self._options, self.forms[variant.form]
        coding, layers, summaries, signal = self._all_but_last(variant, form)
        last = len(form.layers) - 1
        layer, summary, signal = self._layer(variant, form, last, coding, signal)
        layers, summaries = [*layers, layer], [*summaries, summary]
        scale = summaries[-1].scale
        network = QuantizedNetwork(
            tuple(layers),
            self._arithmetic,
            coding.scale,
            scale if options.per_channel else float(scale[0]),
            input_limit=coding.limit,
            input_offset=coding.offset,
            input_base=coding.base,
            input_columns=coding.columns,
            output_windows=variant.windows,
            output_slope=form.output_slope,
            summaries=tuple(summaries),
        )
        values = summaries[-1].values(signal.integers)
        return Attempt(network, decibels(form.outputs, values))

    def _all_but_last(self, variant: Variant, form: Form):
        """Layers that variants with more windows of the outputs share, which saves most builds."""
        coding, signal = self._inputs(variant, form)
        columns = None if coding.columns is None else coding.columns.tobytes()
        key = (replace(variant, windows=1, has_copies=False, base=coding.base), columns)
        if key not in self._built:
            layers, summaries = [], []
            for index in range(len(form.layers) - 1):
                layer, summary, signal = self._layer(variant, form, index, coding, signal)
                layers.append(layer)
                summaries.append(summary)
            while len(self._built) >= MOST_BUILT:
                del self._built[next(iter(self._built))]
            self._built[key] = layers, summaries, signal
        return coding, *self._built[key]

    def _inputs(self, variant: Variant, form: Form) -> tuple[InputCoding, Signal]:
        seen, options, first = self._seen, self._options, form.layers[0]
        ranges = form.input_ranges * variant.margin
        scale = input_scales(ranges, options.element_max, options.power_of_two)
        columns = input_columns(
            scale,
            first.kernel,
            float(form.sums[0].var(axis=0).sum()),
            variant,
            options.goal,
            self._inputs_to_add(variant, form),
        )
        base = variant.base if columns is not None and columns.max() >= len(scale) else 0
        offset = seen.offset if seen.offset.any() else None
        coding = InputCoding(scale, offset, options.element_max, base, columns)
        integers = coding.encode(seen.sample)
        integers = integers.astype(np.int16 if options.bits == 16 else np.int8)
        # The proof holds for any integers at all, even such as no row is encoded to: low digits
        # have small weights, so it costs little.
        interval = bounds.whole(options.bits, integers.shape[1])
        return coding, Signal(coding.scales(), 0, interval, integers, coding.sources())

    def _inputs_to_add(self, variant: Variant, form: Form) -> float:
        """How many more inputs of the first layer the growth allows."""
        plain = sum(layer.kernel.size for layer in self.forms[0].layers)
        used = sum(layer.kernel.size for layer in form.layers)
        used += (variant.windows - 1) * form.layers[-1].kernel.size
        return max(0.0, (self._options.growth * plain - used) / form.layers[0].kernel.shape[1])

    def _layer(self, variant: Variant, form: Form, index: int, coding, signal: Signal):
        """A layer's instruction and summary, and what flows out of it."""
        layers, options = form.layers, self._options
        layer, is_last = layers[index], index + 1 == len(layers)
        bias = layer.bias
        if index == 0:
            # What the host subtracts stands in for the center of the layers.
            offset = 0.0 if coding.offset is None else coding.offset
            moved = offset - (0.0 if layer.center is None else layer.center)
            bias = bias + np.broadcast_to(moved, len(layer.kernel)) @ layer.kernel
        ranges = (
            np.maximum(form.largest[index], variant.has_room * form.reached[index]) * variant.margin
        )
        table = None
        importance = np.ones(len(bias)) if is_last else (layers[index + 1].kernel ** 2).sum(axis=1)
        if layer.has_table:
            table = self._table(variant, form, index, importance)
        ranges = options.ranges_of(layer.name, ranges, table is not None)
        lowest = -(options.element_max + 1)
        is_rectified = layer.activation == "relu" and not layer.has_table
        is_zero_lowest = variant.saturates and is_rectified and not is_last
        wanted = Wanted(
            layer.name,
            layer.kernel[signal.sources] / signal.scale[:, np.newaxis],
            bias,
            np.where(ranges > 0, ranges, ranges.max() or 1.0),
            importance,
            signal.interval,
            signal.integers.astype(np.float64) - signal.zero_point,
            signal.zero_point,
            lowest if is_zero_lowest else 0,
            variant.windows if is_last else 1,
            None if table is None else table.argument_scale,
        )
        plan = choose_plan(wanted, options, variant.spent)
        outputs = np.tile(form.sums[index] * plan.scale, (1, wanted.windows)) + plan.offset
        made = make_integers(layer, plan.target, options, wanted.integers, outputs)
        scale, error = plan.scale, None
        if table is not None:
            made = replace(made, layer=replace(made.layer, table=table))
            scale = np.full(len(scale), table.result_scale)
            error = self._table_error(table, layer, form.sums[index])
        trace = simulation.run_layer(made.layer, signal.integers, self._arithmetic)
        flags = (self._arithmetic.saturate, self._arithmetic.round)
        interval = bounds.outputs(made.total, made.layer, options.bits, *flags)
        sources = np.arange(len(scale))
        flows = Signal(scale, wanted.output_zero, interval, trace.output, sources)
        summary = _summary(layer, wanted, plan, made, form.largest[index], options)
        return made.layer, replace(summary, scale=scale, table_error=error), flows

    def _table(self, variant: Variant, form: Form, index: int, importance: np.ndarray):
        """The table of a layer's activation."""
        layer, sums, bits = form.layers[index], form.sums[index], self._options.bits
        if layer.activation in TABLES:
            numbers = (sums, variant.margin, importance, bits)
            return choose_table(layer.activation, *numbers, spares=variant.spent > 0)
        room = variant.has_room * float(form.reached[index].max())
        reach = (min(float(sums.min()), -room), max(float(sums.max()), room))
        reach = tuple(variant.margin * end for end in reach)
        numbers = (sums, reach, variant.margin, importance, bits)
        return choose_entries(layer.activation, layer.parameters, *numbers)

    def _table_error(self, table, layer: PreparedLayer, sums: np.ndarray) -> float:
        """Root mean square of what a table and its scales add to the results of sums."""
        half = 2 ** (self._options.bits - 1)
        elements = np.clip(np.rint(sums * table.argument_scale), -half, half - 1)
        found = table.apply(elements.astype(np.int64), self._options.bits) / table.result_scale
        return float(np.sqrt(((found - layer.activate(sums)) ** 2).mean()))


def _summary(layer, wanted: Wanted, plan: Plan, made: Integers, largest, options) -> LayerSummary:
    quantized, total = made.layer, made.total
    weights = quantized.weights
    return LayerSummary(
        name=layer.name,
        inputs=weights.shape[0],
        outputs=weights.shape[1],
        activation=layer.model_activation,
        bits=options.bits,
        scale=plan.scale,
        zero_point=wanted.output_zero,
        windows=wanted.windows,
        constants=0,
        split_slope=layer.split_slope,
        sum_scale=plan.scale * made.factor,
        post_scale=quantized.post_scale,
        post_shift=quantized.post_shift,
        prelu_scale=quantized.prelu_scale,
        prelu_alpha=quantized.prelu_alpha,
        largest_weight=float(np.abs(layer.kernel).max()),
        weight_bits=max(-int(weights.min()), int(weights.max())).bit_length() + 1,
        largest_seen=largest.copy(),
        sum_low=int(total.low.min()),
        sum_high=int(total.high.max()),
        sum_bits=total.bits(),
        accumulator=32 if total.bits() <= 32 else 48,
        input_low=int(wanted.inputs.low.min()),
        input_high=int(wanted.inputs.high.max()),
        sums="proved" if total.bits() <= 32 else plan.way,
        table=quantized.table,
    )
