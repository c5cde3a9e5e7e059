"""Models for xfblasPredict, and what it must return: quantize, compute every layer, finish."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import oracle

from xfblas.device.binding import ffi

ROUND, SATURATE = 1, 2
FUNCTIONS = {"tanh": 256, "sigmoid": 512}


@dataclass
class Layer:
    """C = finish(A @ weights + bias).

    function: name, and fraction bits of argument and result, or the groups of a table.
    """

    weights: np.ndarray
    bias: np.ndarray | None = None
    post: tuple = (1, 0)
    prelu: tuple = (1, 0)
    round: bool = True
    saturate: bool = True
    function: tuple | None = None
    entries: np.ndarray | None = None

    @property
    def flags(self):
        flags = ROUND * self.round | SATURATE * self.saturate
        if self.entries is not None:
            flags |= 768 | self.function[1] << 16
        elif self.function:
            name, source, target = self.function
            flags |= FUNCTIONS[name] | source << 16 | target << 24
        return flags

    def expected(self, a):
        function = None
        if self.entries is not None:
            function = oracle.table(8 * a.dtype.itemsize, self.function[1], self.entries)
        elif self.function:
            name, *formats = self.function
            function = getattr(oracle, name)(8 * a.dtype.itemsize, *formats)
        return oracle.fcn(
            a, self.weights, self.bias, post=self.post, prelu=self.prelu, round=self.round,
            saturate=self.saturate, function=function,
        )  # fmt: skip


@dataclass
class Model:
    """Layers, and how floats become their first A and come out of their last C."""

    layers: list[Layer]
    scales: np.ndarray
    output_scales: np.ndarray
    offsets: np.ndarray | None = None
    columns: np.ndarray | None = None
    limit: int = 127
    base: int = 0
    windows: int = 1
    output_offset: int = 0
    slope: float = 1.0
    softmax: bool = False

    def elements(self, rows):
        """The first layer's A."""
        scaled = rows.astype(np.float64) - (0 if self.offsets is None else self.offsets)
        scaled *= self.scales
        digits = np.rint(np.clip(scaled, -self.limit, self.limit))
        if self.columns is not None:
            half = self.base / 2
            low = np.rint(np.clip((scaled - digits) * self.base, -half, half))
            digits = np.hstack([digits, low])[:, self.columns]
        return digits.astype(self.layers[0].weights.dtype)

    def expected(self, rows):
        """Integers of the last layer, divided by the scales, without softmax."""
        found = self.elements(rows)
        for layer in self.layers:
            found = layer.expected(found)
        windows = found.astype(np.int64).reshape(len(found), self.windows, len(self.output_scales))
        joined = (windows.sum(axis=1) + self.output_offset).astype(np.float32) / self.output_scales
        return np.where(joined < 0, joined * np.float32(self.slope), joined)

    def run(self, unit, rows, capacity=1, out=None, timeline=None):
        """The output of xfblasPredict, whose matrices take `capacity` rows at a time."""
        widths = [layer.weights.shape[1] for layer in self.layers]
        first = unit.empty((capacity, len(self.layers[0].weights)))
        sent, kept = ffi.new("xfblasLayer_t[]", len(self.layers)), []
        for place, layer, width in zip(sent, self.layers, widths, strict=True):
            b, c = unit.send(layer.weights, packed=True), unit.empty((capacity, width))
            x = None if layer.bias is None else unit.send(layer.bias.reshape(1, -1))
            t = None if layer.entries is None else unit.send_table(layer.entries)
            kept += [b, c, x, t]
            place.T = ffi.NULL if t is None else t.pointer
            place.B, place.C = b.pointer, c.pointer
            place.X = ffi.NULL if x is None else x.pointer
            place.n, place.flags = width, layer.flags
            (place.postScale, place.postShift), (place.preluScale, place.preluAlpha) = (
                layer.post, layer.prelu,
            )  # fmt: skip
        coding = ffi.new("xfblasCoding_t *")
        coding.features, coding.limit, coding.base = rows.shape[1], self.limit, self.base
        coding.timeline = ffi.NULL if timeline is None else timeline
        fields = {"scales": (self.scales, np.float64), "offsets": (self.offsets, np.float64)}
        fields["columns"] = (self.columns, np.int32)
        for name, (values, dtype) in fields.items():
            if values is not None:
                kept.append(np.ascontiguousarray(values, dtype))
                ctype = "int[]" if dtype == np.int32 else "double[]"
                setattr(coding, name, ffi.from_buffer(ctype, kept[-1]))
        decoding = ffi.new("xfblasOutput_t *")
        decoding.columns, decoding.windows = widths[-1] // self.windows, self.windows
        kept.append(np.ascontiguousarray(self.output_scales))
        decoding.scales = ffi.from_buffer("float[]", kept[-1])
        decoding.offset, decoding.slope = self.output_offset, self.slope
        decoding.softmax = self.softmax
        if out is None:
            # One row too many.
            out = np.full((len(rows) + 1, decoding.columns), 77, np.float32)
        unit._predictor(coding, first, sent, decoding)(rows, out[: len(rows)])
        assert (out[len(rows) :] == 77).all(), "wrote behind the last row"
        return out[: len(rows)]


def random_layer(generator, dtype, k, n):
    info = np.iinfo(dtype)
    is_small = generator.integers(2)
    most = info.max // 200 + 1 if is_small else info.max
    weights = generator.integers(-most, most + 1, (k, n)).astype(dtype)
    bias = generator.integers(-(2**31), 2**31, n).astype(np.int32) // (1 + 1000 * is_small)
    prelus = [(1, 0), (0, 0), (410, 11), (-512, 3), (0, 5)]
    layer = Layer(weights, bias.astype(np.int32) if generator.integers(4) else None)
    layer.post = int(generator.integers(1, 65536)), int(generator.integers(0, 50))
    if generator.integers(2):
        layer.post = 1, int(generator.integers(0, 20))
    layer.prelu = prelus[generator.integers(len(prelus))]
    layer.round, layer.saturate = map(bool, generator.integers(2, size=2))
    if generator.integers(4) == 0:
        bits = 8 * info.dtype.itemsize
        formats = (int(generator.integers(0, bits)) for _ in range(2))
        layer.function = (str(generator.choice(["tanh", "sigmoid"])), *formats)
    elif generator.integers(4) == 0:
        layer.function = ("table", int(generator.integers(1, 4)))
        layer.entries = generator.integers(-(2**17), 2**17, 513)
    return layer


def random_model(generator, dtype, widths):
    """A model whose layers have these widths, the first of which is the number of elements."""
    features = int(generator.integers(1, 2 * widths[0] + 1))
    columns = generator.integers(0, 2 * features, widths[0])
    if generator.integers(2):
        features, columns = widths[0], None
    layers = [random_layer(generator, dtype, k, n) for k, n in pairwise(widths)]
    windows = int(generator.choice([w for w in (1, 2, 3, 4) if widths[-1] % w == 0]))
    return Model(
        layers,
        scales=generator.uniform(-100, 100, features),
        output_scales=generator.uniform(0.1, 10, widths[-1] // windows).astype(np.float32),
        offsets=generator.normal(0, 1, features) if generator.integers(2) else None,
        columns=columns,
        limit=int(generator.integers(1, np.iinfo(dtype).max + 1)),
        base=int(generator.integers(0, np.iinfo(dtype).max)),
        windows=windows,
        output_offset=int(generator.integers(-5, 6)) * (windows > 1),
        slope=float(generator.choice([1, 0, 0.25])),
    )
