"""The simulation against the oracle and against the engine, bit for bit."""

import dataclasses
from itertools import pairwise

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantization.conftest import make_network

import xfblas
from xfblas.errors import InvalidValueError
from xfblas.program.chain import Chain
from xfblas.quantization import Arithmetic, QuantizedLayer, QuantizedNetwork, quantize


def random_layer(generator, k, n, bits):
    half = 2 ** (bits - 1)
    return QuantizedLayer(
        "d",
        generator.integers(-half, half, (k, n)).astype(np.int16 if bits == 16 else np.int8),
        generator.integers(-(2**31), 2**31, n).astype(np.int32),
        int(generator.choice([0, 1, 5, 1000, 32767, 65535])),
        int(generator.choice([0, 1, 8, 17, 30, 46, 47, 48, 49, 255])),
        int(generator.choice([-512, -1, 0, 1, 410, 511])),
        int(generator.choice([0, 1, 11, 31])),
    )


def extreme_rows(generator, rows, k, bits):
    half = 2 ** (bits - 1)
    values = generator.integers(-half, half, (rows, k))
    values[::3] = generator.choice([-half, half - 1, 0], (len(values[::3]), k))
    return values.astype(np.int16 if bits == 16 else np.int8)


@settings(max_examples=80)
@given(st.integers(0, 2**32 - 1), st.sampled_from([8, 16]), st.booleans(), st.booleans())
def test_equal_to_the_oracle(seed, bits, rounds, saturate):
    generator = np.random.default_rng(seed)
    layers = tuple(random_layer(generator, k, n, bits) for k, n in [(7, 5), (5, 9)])
    network = QuantizedNetwork(layers, Arithmetic(rounds, saturate, True))
    current = extreme_rows(generator, 12, 7, bits)
    trace = network.simulate(current)
    for layer, found in zip(layers, trace.layers, strict=True):
        current = oracle.fcn(
            current,
            layer.weights,
            layer.bias,
            (layer.post_scale, layer.post_shift),
            (layer.prelu_scale, layer.prelu_alpha),
            round=rounds,
            saturate=saturate,
        )
        np.testing.assert_array_equal(found.output, current)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("rounds", [False, True])
@pytest.mark.parametrize("saturate", [False, True])
@pytest.mark.parametrize("bias_row", [False, True])
def test_equal_to_the_engine_on_random_layers(generator, bits, rounds, saturate, bias_row):
    arithmetic = Arithmetic(rounds, saturate, bias_row)
    with xfblas.open(dtype=np.int16 if bits == 16 else np.int8) as device:
        unit = device.compute_units[0]
        for _ in range(5):
            widths = [int(width) for width in generator.integers(1, 70, 4)]
            layers = tuple(random_layer(generator, k, n, bits) for k, n in pairwise(widths))
            network = QuantizedNetwork(layers, arithmetic)
            batch = extreme_rows(generator, 33, widths[0], bits)
            found = Chain(unit, network).run(batch)
            np.testing.assert_array_equal(found, network.simulate(batch).output)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bits": 8},
        {"accumulator": 32},
        {"legacy": True},
        {"bits": 8, "legacy": True},
        {"method": "gemx"},
        {"method": "gemx", "bits": 8},
        {"power_of_two": True},
    ],
)
def test_equal_to_the_engine_on_quantized_networks(generator, options):
    network = make_network(generator, [20, 33, 17, 4], ["relu", "leaky", "linear"])
    rows = generator.standard_normal((100, 20)) * generator.uniform(0.1, 30, 20)
    quantized = quantize(network, rows, **options)
    batch = quantized.quantize_input(rows * 3)  # beyond what calibration saw
    with xfblas.open(dtype=quantized.dtype) as device:
        found = Chain(device.compute_units[0], quantized).run(batch)
    np.testing.assert_array_equal(found, quantized.simulate(batch).output)


def one_layer(arithmetic, weights, bias=0, **fields):
    weights = np.array(weights, np.int16).reshape(-1, 1)
    layer = QuantizedLayer("d", weights, np.array([bias], np.int32), **fields)
    return QuantizedNetwork((layer,), arithmetic)


def test_counts_saturations_and_wraps():
    batch = np.array([[32767], [-32768], [1], [-1]], np.int16)
    clamped = one_layer(Arithmetic(), [2]).simulate(batch)
    assert (clamped.saturations, clamped.wraps) == (2, 0)
    assert clamped.output.ravel().tolist() == [32767, -32768, 2, -2]
    wrapped = one_layer(Arithmetic(saturate=False), [2]).simulate(batch)
    assert (wrapped.saturations, wrapped.wraps) == (0, 2)
    assert wrapped.output.ravel().tolist() == [-2, 0, 2, -2]


def test_a_relu_is_no_saturation():
    batch = np.array([[32767], [-32768]], np.int16)
    trace = one_layer(Arithmetic(), [2], prelu_scale=0).simulate(batch)
    assert (trace.saturations, trace.layers[0].zeros) == (1, 1)


def test_counts_products_and_slopes_that_wrap():
    """32767 * 32767 * 65535 needs 46 bits, 64 of those 52; -32768 * -1 is no int16."""
    batch = np.full((1, 64), 32767, np.int16)
    network = one_layer(Arithmetic(), [32767] * 64, post_scale=65535, post_shift=47)
    assert network.simulate(batch).wraps == 1
    network = one_layer(Arithmetic(), [1], prelu_scale=-1)
    assert network.simulate(np.array([[-32768], [-32767]], np.int16)).wraps == 1
    short = QuantizedLayer("d", np.full((2**18, 1), -128, np.int8), np.zeros(1, np.int32))
    trace = QuantizedNetwork((short,), Arithmetic()).simulate(np.full((1, 2**18), -128, np.int8))
    assert (trace.wraps, trace.layers[0].sum_high) == (1, 2**32)


def test_sums_beyond_the_exact_range_of_float64(generator):
    """More than 2**23 int16 products: the sum is still exact."""
    size = 2**23 + 2001
    weights, batch = np.full(size, 32767, np.int16), np.full((1, size), 32767, np.int16)
    weights[-1] = batch[0, -1] = 1
    trace = one_layer(Arithmetic(), weights).simulate(batch)
    # Odd and above 2**53, so no float64.
    assert trace.layers[0].sum_high == (size - 1) * 32767**2 + 1 > 2**53


@pytest.mark.parametrize(
    ("batch", "text"),
    [
        (np.zeros((2, 20), np.int32), "integers is int32"),
        (np.zeros(20, np.int16), r"shape \(20,\)"),
        (np.zeros((2, 3), np.int16), "3 values in a row"),
    ],
)
def test_wrong_integers(network, rows, batch, text):
    quantized = quantize(network, rows, goal=0)
    assert quantized.input_units == 20
    with pytest.raises(InvalidValueError, match=text):
        quantized.simulate(batch)
    floats = dataclasses.replace(
        quantized,
        layers=xfblas.quantization.without_scales(
            make_network(np.random.default_rng(0), [20, 3], ["linear"])
        ).layers,
    )
    with pytest.raises(InvalidValueError, match="the network is float32"):
        floats.simulate(np.zeros((2, 20), np.float32))
