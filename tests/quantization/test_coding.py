"""What the host does before the first layer and after the last, and what folds into weights."""

import numpy as np
import pytest
from centered_models import features
from hypothesis import given
from hypothesis import strategies as st
from quantization.conftest import make_network

from xfblas.graph import Layer, Network
from xfblas.quantization import compare, quantize
from xfblas.quantization.calibration import calibrate, centers
from xfblas.quantization.input_coding import InputCoding
from xfblas.quantization.output_scales import output_scales
from xfblas.quantization.output_windows import join_windows, window_levels, window_offsets
from xfblas.quantization.preparation import prepare


@given(st.integers(1, 16), st.sampled_from([8, 16]), st.booleans(), st.integers(0, 2**32 - 1))
def test_windows_add_up_to_the_value(windows, bits, is_relu, seed):
    half = 2 ** (bits - 1)
    form = (windows, bits, -half if is_relu else 0)
    levels = window_levels(*form)
    y = np.random.default_rng(seed).integers(-levels, levels + 1, (50, 3))
    y[0], y[1] = -levels, levels
    raw = np.hstack([np.clip(y + offset, -half, half - 1) for offset in window_offsets(*form)])
    expected = np.maximum(y, 0) if is_relu else y
    np.testing.assert_array_equal(join_windows(raw, *form), expected)


def test_two_digits_are_finer_and_copies_change_nothing(generator):
    rows = generator.uniform(-1, 1, (100, 2))
    columns = np.array([0, 0, 1, 2, 3])
    coding = InputCoding(np.array([100.0, 50.0]), None, 127, 16, columns)
    kernel = generator.standard_normal((2, 3))
    integers = coding.encode(rows)
    weights = kernel[coding.sources()] / coding.scales()[:, np.newaxis]
    error = np.abs(integers @ weights - rows @ kernel).max()
    assert error < (0.5 / 16 / 50) * np.abs(kernel).sum(axis=0).max()
    low, high = coding.ends()
    assert high.tolist() == [127, 127, 127, 8, 8] and (low == -high).all()
    assert (integers >= low).all() and (integers <= high).all()


def test_inputs_beyond_every_range_are_clipped():
    coding = InputCoding(np.array([3.0]), np.array([1.0]), 127, 16, np.array([0, 1]))
    extreme = coding.encode(np.array([[3e38], [-3e38], [1.0]]))
    assert extreme.tolist() == [[127, 8], [-127, -8], [0, 0]]


def test_narrow_features_are_centred_and_sparse_ones_are_not(generator):
    rows = np.column_stack(
        [
            generator.uniform(290, 300, 50),
            np.linspace(-1, 1, 50),
            np.where(generator.random(50) < 0.5, 0, 9),
            np.full(50, 7.0),
        ]
    )
    offset = centers(rows)
    assert 290 < offset[0] < 300
    assert offset[1:].tolist() == [0, 0, 0]
    assert not centers(rows[:3]).any()


@pytest.mark.parametrize("bits", [8, 16])
def test_raw_features_far_from_zero(generator, bits):
    """Temperatures in kelvin: without an offset they would use a thirtieth of the integers."""
    rows = generator.uniform(290, 310, (400, 6))
    kernel = generator.standard_normal((6, 4)).astype(np.float32)
    layer = Layer("d", kernel, -300 * kernel.sum(axis=0), "linear", 1.0)
    network = Network("kelvin", (layer,), "linear", (6,))
    quantized = quantize(network, rows[:200], bits=bits, goal=83 if bits == 16 else 38)
    assert compare(network, quantized, rows[200:]).decibels > (75 if bits == 16 else 35)


def test_still_features_are_centred_where_they_would_drown_the_others(generator):
    rows = generator.uniform(-1, 1, (50, 4))
    rows[:, 1:] = 20240131, 1, 5
    rows[:, 2] += 1e-6 * generator.random(50)
    heavy = np.ones((4, 2))
    heavy[3] = 1e6
    assert centers(rows).tolist() == [0, 20240131, 0, 0]
    assert centers(rows, heavy).tolist() == [0, 20240131, 0, 5]
    # The model's own center counts where rows are few or alike, if it is near to them.
    stated = np.array([0.5, 20240100, 0, 400])
    assert centers(rows, None, stated).tolist() == [0, 20240100, 0, 0]
    assert centers(rows[:3], None, stated).tolist() == [0, 20240100, 0, 0]
    assert not centers(rows[:3]).any()


def stated_network(generator, rows):
    """One layer that takes the means of rows away and divides by their deviations."""
    mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.astype(np.float64).std(axis=0)
    kernel = generator.standard_normal((rows.shape[1], 5)) / deviation[:, np.newaxis]
    layer = Layer("d", kernel, np.zeros(5), "linear", 1.0)
    return Network("stated", (layer,), "linear", (rows.shape[1],), center=mean)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_date_that_never_changed_has_room_to_do_so(bits):
    """How much the rows do not tell, so here and there one is clipped: hence known networks."""
    for seed in range(5):
        generator = np.random.default_rng(seed)
        rows = features(generator, 1e4)
        network = stated_network(generator, rows)
        seen = rows[:300].copy()
        seen[:, 2] = seen[0, 2]
        quantized = quantize(network, seen, bits=bits, goal=83 if bits == 16 else 38)
        assert compare(network, quantized, rows[300:]).decibels > (70 if bits == 16 else 30)


@pytest.mark.parametrize("leaky", ["split", "prelu", "auto", "last"])
def test_split_leaky_layers_compute_the_same(generator, leaky):
    network = make_network(generator, [6, 5, 4, 3], ["leaky", "exact leaky", "leaky"])
    rows = generator.standard_normal((30, 6))
    layers, output_slope = prepare(network, leaky)
    split = [layer.split_slope is not None for layer in layers]
    is_split = {"split": [1, 1, 0], "prelu": [0, 0, 0], "auto": [1, 0, 0], "last": [0, 0, 0]}
    assert split == is_split[leaky]
    assert (output_slope == 1) == (leaky == "prelu")
    current = rows
    for layer in layers:
        current = layer.activate(layer.sums(current))
    current = np.where(current < 0, current * output_slope, current)
    np.testing.assert_allclose(current, network.logits(rows), rtol=1e-5, atol=1e-5)


def test_leaky_slopes_cost_nothing(generator):
    network = make_network(generator, [20, 40, 40, 5], ["leaky", "leaky", "leaky"])
    rows = generator.standard_normal((600, 20))
    exact = compare(network, quantize(network, rows[:300], goal=83), rows[300:])
    engine = compare(network, quantize(network, rows[:300], goal=83, leaky="prelu"), rows[300:])
    assert exact.decibels > 73 > 72 > engine.decibels


def test_values_of_layers_are_the_models():
    """The same rows each time: what bytes round away is near the bound for some."""
    generator = np.random.default_rng(7)
    network = make_network(generator, [20, 30, 24, 5], ["relu", "leaky", "linear"])
    rows = generator.standard_normal((300, 20)).astype(np.float32)
    for options in ({}, {"bits": 8}, {"legacy": True}, {"accumulator": 32}):
        quantized = quantize(network, rows, **options)
        trace = quantized.simulate(quantized.quantize_input(rows))
        expected = network.layer_outputs(rows)
        for layer, summary, wanted in zip(trace.layers, quantized.summaries, expected, strict=True):
            found = summary.values(layer.output)
            assert found.shape == wanted.shape
            assert np.abs(found - wanted).max() < np.abs(wanted).max() * (
                0.05 if "bits" in options else 0.001
            )


def test_folding_finds_the_least_noise(generator):
    """Equation (2) of folding, against every power."""
    kernel = generator.standard_normal((30, 12)) * 10.0 ** generator.uniform(-1, 1, 12)
    ranges = 10.0 ** generator.uniform(-1, 1, 12)
    importance = generator.uniform(0.1, 1, 12)
    power = 30 * 40.0**2
    needed = np.abs(kernel).max(axis=0) / 127

    def noise(scales):
        step = (needed * scales).max()
        return (1 + power * step**2) * (importance / scales**2).sum()

    best = output_scales(needed, ranges, importance, power, 127)
    assert (best <= 127 / ranges * (1 + 1e-12)).all()
    # One scale for all, the finest of each, and what lies between.
    powers = (127 / (ranges**p * ranges.max() ** (1 - p)) for p in np.linspace(0, 1, 11))
    assert noise(best) <= 1.02 * min(noise(scales) for scales in powers)


def test_a_million_rows_come_in_chunks(generator):
    """Memory does not grow with them, and the sample is drawn from all."""
    network = make_network(generator, [3, 4, 2], ["relu", "linear"])
    layers, _ = prepare(network, "auto")
    chunks = (np.full((20_000, 3), index + 1.0) for index in range(50))
    seen = calibrate([layers], chunks, False)
    assert seen.rows == 1_000_000
    assert (seen.largest == 50).all()
    assert seen.sample.shape == (1024, 3)
    assert 22 < seen.sample.mean() < 29


def test_chunks_give_what_one_array_gives(generator, network, rows):
    whole, chunked = quantize(network, rows), quantize(network, iter([rows]))
    for one, other in zip(whole.layers, chunked.layers, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_array_equal(one.bias, other.bias)
