"""The proof of the sums: it holds for the worst input, and the worst input reaches it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantization.conftest import make_network

from xfblas import quantize
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.quantization import QuantizedLayer, bounds
from xfblas.quantization.integers import Target, choose_factor
from xfblas.quantization.options import Options
from xfblas.quantization.simulation import run_layer

OPTIONS = [
    {},
    {"accumulator": 32},
    {"legacy": True},
    {"bits": 8},
    {"bits": 8, "goal": 60},
    {"power_of_two": True},
    {"accumulator": 48},
    {"goal": 95, "leaky": "split"},
    {"goal": 0},
]


def worst_rows(weights, interval):
    """For each column, the inputs that make its sum largest and least."""
    positive = weights.T > 0
    most = np.where(positive, interval.high, interval.low)
    least = np.where(positive, interval.low, interval.high)
    return np.concatenate([most, least])


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("inputs", [1, 20, 300])
def test_the_worst_inputs_of_every_layer_fit(generator, options, inputs):
    network = make_network(generator, [inputs, 30, 7], ["relu", "linear"])
    rows = generator.standard_normal((64, inputs)) * generator.uniform(0.01, 100, inputs)
    quantized = quantize(network, rows, **options)
    interval = None
    for layer, summary in zip(quantized.layers, quantized.summaries, strict=True):
        if interval is None:
            interval = bounds.whole(quantized.bits, quantized.input_units)
        worst = worst_rows(layer.weights, interval).astype(layer.weights.dtype)
        trace = run_layer(layer, worst, quantized.arithmetic)
        # Reached exactly by the first layer, whose inputs are all there are; never exceeded.
        assert summary.sum_low <= trace.sum_low and trace.sum_high <= summary.sum_high
        if layer is quantized.layers[0]:
            assert (trace.sum_low, trace.sum_high) == (summary.sum_low, summary.sum_high)
        assert summary.fits and summary.sum_bits <= summary.accumulator
        assert summary.accumulator == (32 if summary.sums == "proved" else 48)
        if "bits" in options or options.get("accumulator") == 32:
            assert summary.accumulator == 32
        largest = max(-summary.sum_low, summary.sum_high)
        assert largest * layer.post_scale < 2**47
        total = bounds.sums(layer.weights, layer.bias, interval)
        interval = bounds.outputs(
            total,
            layer,
            quantized.bits,
            quantized.arithmetic.saturate,
            quantized.arithmetic.round,
        )
        assert (trace.output >= np.tile(interval.low, (len(worst), 1))).all()
        assert (trace.output <= np.tile(interval.high, (len(worst), 1))).all()


@pytest.mark.parametrize("options", OPTIONS)
def test_no_extreme_input_wraps_a_sum(generator, options):
    network = make_network(generator, [12, 40, 40, 3], ["relu", "exact leaky", "linear"])
    quantized = quantize(network, generator.standard_normal((50, 12)), **options)
    interval = bounds.whole(quantized.bits, quantized.input_units)
    is_high = generator.random((500, quantized.input_units)) < 0.5
    chosen = np.where(is_high, interval.high, interval.low)
    trace = quantized.simulate(chosen.astype(quantized.dtype))
    for layer, summary in zip(trace.layers, quantized.summaries, strict=True):
        assert summary.sum_low <= layer.sum_low and layer.sum_high <= summary.sum_high
    if quantized.arithmetic.saturate:
        assert trace.wraps == 0


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([8, 16]), st.booleans(), st.booleans())
def test_the_range_of_outputs_holds_every_output(seed, bits, saturate, rounds):
    """Against all inputs of a small range, for any epilogue."""
    generator = np.random.default_rng(seed)
    half = 2 ** (bits - 1)
    element = np.int16 if bits == 16 else np.int8
    layer = QuantizedLayer(
        "d",
        generator.integers(-half, half, (2, 3)).astype(element),
        generator.integers(-(2**20), 2**20, 3).astype(np.int32),
        int(generator.integers(1, 2**15)),
        int(generator.choice([0, 1, 10, 20, 30, 47, 48, 49, 255])),
        int(generator.integers(-512, 512)),
        int(generator.integers(0, 32)),
    )
    low = generator.integers(-9, 5, 2)
    interval = bounds.Interval(low, low + generator.integers(0, 9, 2))
    grid = np.stack(
        np.meshgrid(
            *(np.arange(a, b + 1) for a, b in zip(interval.low, interval.high, strict=True))
        ),
        axis=-1,
    ).reshape(-1, 2)

    class Arithmetic:
        round = rounds

    Arithmetic.saturate = saturate
    found = run_layer(layer, grid.astype(element), Arithmetic).output.astype(int)
    ends = bounds.outputs(
        bounds.sums(layer.weights, layer.bias, interval), layer, bits, saturate, rounds
    )
    assert (found >= ends.low).all() and (found <= ends.high).all()


def test_relu_outputs_give_a_tighter_bound():
    weights = np.array([[3], [-5], [7]])
    signed = bounds.sums(weights, np.zeros(1, np.int32), bounds.whole(16, 3))
    inputs = bounds.Interval(np.zeros(3, np.int64), np.full(3, 32767))
    after_relu = bounds.sums(weights, np.zeros(1, np.int32), inputs)
    assert (signed.low[0], signed.high[0]) == (-15 * 32768 + 5, 15 * 32767 + 5)
    assert (after_relu.low[0], after_relu.high[0]) == (-5 * 32767, 10 * 32767)
    assert after_relu.bits() < signed.bits() + 1


def test_bits_of_an_interval():
    for low, high, expected in [
        (0, 0, 1),
        (-1, 0, 1),
        (0, 1, 2),
        (-2, 1, 2),
        (-3, 1, 3),
        (0, 127, 8),
    ]:
        assert bounds.Interval(np.array([low]), np.array([high])).bits() == expected


@pytest.mark.parametrize(("inputs", "fits"), [(60000, True), (70000, False)])
def test_too_many_inputs_for_the_accumulator(inputs, fits):
    """Half a step for each of 65536 full int16 inputs is already half of 32 bits."""
    ones, inputs_of = np.ones(1), bounds.whole(16, inputs)
    kernel = np.ones((inputs, 1))
    ends = bounds.products(kernel, inputs_of)

    def factor(accumulator):
        numbers = (kernel, ones, 0 * ones, inputs * ones, *ends, 1.0, 0.0)
        return choose_factor("d", Target(*numbers, 0, 0, inputs_of, accumulator), Options())

    assert factor(48)[0] >= 1
    if fits:
        assert factor(32)[0] >= 1
    else:
        with pytest.raises(UnsupportedModelError, match="layer d: sums of 70000 products"):
            factor(32)


@pytest.mark.parametrize("value", [31, 64, "32", 0])
def test_wrong_accumulator(network, rows, value):
    with pytest.raises(InvalidValueError, match="accumulator is"):
        quantize(network, rows, accumulator=value)
