"""A network's integers, layer by layer, for one variant of a search.

The sample's integers are computed exactly along the way, so every layer is made for the inputs that
it will really get, with the errors of those before it.
"""

from dataclasses import dataclass, replace

import numpy as np

from xfblas.quantization import bounds
from xfblas.quantization.calibration import Calibration
from xfblas.quantization.comparison import decibels
from xfblas.quantization.constants import constant_held, with_constants
from xfblas.quantization.input_coding import InputCoding
from xfblas.quantization.inputs import exact_features, input_columns, input_scales, ranges_with_room
from xfblas.quantization.layer_choice import Place, choose_layer
from xfblas.quantization.layers import LEGACY, Arithmetic, QuantizedLayer, QuantizedNetwork
from xfblas.quantization.options import Options
from xfblas.quantization.preparation import PreparedLayer
from xfblas.quantization.ranges import size_limits
from xfblas.quantization.signal import Signal
from xfblas.quantization.summary import LayerSummary
from xfblas.quantization.variant import Variant

#: Beginnings of networks that are kept for variants with the same.
KEPT_PARTS = 64


@dataclass(frozen=True, eq=False)
class FloatSample:
    """What the float network makes of the sample.

    Attributes:
        rows: (m, k) float64.
        sums: (m, n) of each layer, before its activation.
        outputs: (m, n) of the last layer.
    """

    rows: np.ndarray
    sums: tuple[np.ndarray, ...]
    outputs: np.ndarray

    @staticmethod
    def of(layers: list[PreparedLayer], rows: np.ndarray) -> "FloatSample":
        """What ``layers`` compute of (m, k) rows."""
        sums, current = [], rows
        for layer in layers:
            sums.append(layer.sums(current))
            current = layer.activate(sums[-1])
        return FloatSample(rows, tuple(sums), current)


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
    """Makes attempts: all layers in turn.

    Variants of a search differ in few layers, so what comes before the first of these is kept.

    Args:
        layers: float layers.
        seen: what calibration saw of them.
        rows: (m, k) float64 of the sample.
    """

    def __init__(self, layers: list[PreparedLayer], seen: Calibration, rows: np.ndarray):
        self._layers, self._seen = layers, seen
        self._floats = FloatSample.of(layers, rows)
        self._kept: dict[tuple, _Part] = {}

    def build(self, variant: Variant) -> Attempt:
        """The network of one variant.

        Raises:
            UnsupportedModelError: a layer's sums do not fit.
        """
        part = self._part(variant, len(self._layers) - 1)
        options, coding, last = variant.options, part.coding, part.summaries[-1]
        network = QuantizedNetwork(
            part.layers,
            LEGACY if options.legacy else Arithmetic(),
            coding.scale,
            last.scale if options.per_channel else float(last.scale[0]),
            input_limit=coding.limit,
            input_offset=coding.offset,
            input_base=coding.base,
            input_columns=coding.columns,
            output_windows=last.windows,
            summaries=part.summaries,
        )
        values = last.values(part.signal.integers)
        return Attempt(network, decibels(self._floats.outputs, values))

    def _part(self, variant: Variant, index: int) -> "_Part":
        """The layers up to this one."""
        if index < 0:
            return self._first(variant.options, variant.shrink[0])
        key = variant.until(index)
        if key not in self._kept:
            before = self._part(variant, index - 1)
            while len(self._kept) >= KEPT_PARTS:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = self._next(before, variant, index)
        return self._kept[key]

    def _next(self, part: "_Part", variant: Variant, index: int) -> "_Part":
        """One layer more."""
        layers, options = self._layers, variant.options
        layer, is_last = layers[index], index + 1 == len(layers)
        bias = layer.bias
        if index == 0:
            # What the host subtracts stands in for the center of the layers.
            offset = 0.0 if part.coding.offset is None else part.coding.offset
            moved = offset - (0.0 if layer.center is None else layer.center)
            bias = bias + np.broadcast_to(moved, len(layer.kernel)) @ layer.kernel
        place = Place(
            layer,
            bias,
            self._floats.sums[index],
            self._seen.layers[index],
            np.ones(len(bias)) if is_last else (layers[index + 1].kernel ** 2).sum(axis=1),
            variant.shapes(index, layer),
            0 if is_last else variant.shrink[index + 1],
        )
        choice = choose_layer(place, part.signal, options)
        done, summaries = part.layers, part.summaries
        if choice.constants:
            addend = constant_held(done[-1], options.bits)[1]
            done = (*done[:-1], with_constants(done[-1], choice.constants, addend))
            summary = replace(
                summaries[-1],
                constants=choice.constants,
                outputs=summaries[-1].outputs + choice.constants,
            )
            summaries = (*summaries[:-1], summary)
        return _Part(
            part.coding, (*done, choice.layer), (*summaries, choice.summary), choice.signal
        )

    def _first(self, options: Options, shrink: int) -> "_Part":
        """The network's inputs."""
        seen, floats, first = self._seen, self._floats, self._layers[0]
        largest = size_limits(seen.inputs, options, options.element_max)
        ranges = ranges_with_room(seen, largest, first.kernel) * options.margin * options.input_room
        limit = max(1, options.element_max >> shrink)
        scale = input_scales(seen, ranges, limit, options.power_of_two)
        offset = seen.offset if seen.offset.any() else None
        columns = input_columns(
            scale,
            first.kernel,
            exact_features(seen, scale),
            float(floats.sums[0].var(axis=0).sum()),
            options,
        )
        base = options.input_base if columns is not None and columns.max() >= len(scale) else 0
        coding = InputCoding(scale, offset, limit, base, columns)
        interval = bounds.Interval(*coding.ends())
        if limit == options.element_max:
            # The proof then holds for any integers at all, even such as no row is encoded to: low
            # digits have small weights, so it costs little.
            interval = bounds.whole(options.bits, len(interval.low))
        integers = coding.encode(floats.rows)
        integers = integers.astype(np.int16 if options.bits == 16 else np.int8)
        signal = Signal(coding.scales(), 0, interval, integers, coding.sources())
        return _Part(coding, (), (), signal)


@dataclass(frozen=True, eq=False)
class _Part:
    """The first layers of a network, and what flows out of them."""

    coding: InputCoding
    layers: tuple[QuantizedLayer, ...]
    summaries: tuple[LayerSummary, ...]
    signal: Signal
