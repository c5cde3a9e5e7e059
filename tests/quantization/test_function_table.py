"""The engine's tables of functions, against the oracle, and the formats that are chosen."""

import numpy as np
import oracle
import pytest
from quantization.conftest import make_network

import xfblas
from xfblas.program.chain import Chain
from xfblas.quantization import bounds, quantize
from xfblas.quantization.function_table import FunctionTable, choose_table
from xfblas.quantization.simulation import run_layer


@pytest.mark.parametrize("function", ["tanh", "sigmoid"])
@pytest.mark.parametrize("bits", [8, 16])
def test_equal_to_the_oracle_in_every_format(function, bits):
    half = 2 ** (bits - 1)
    elements = np.arange(-half, half, 1 if bits == 8 else 97)
    elements = np.concatenate([elements, [0, half - 1]])
    results = range(bits) if bits == 8 else (0, 7, 14, 15)
    for argument in range(bits):
        for result in results:
            found = FunctionTable(function, argument, result).apply(elements, bits)
            expected = getattr(oracle, function)(bits, argument, result)(elements)
            np.testing.assert_array_equal(found, expected)
            assert (np.diff(found[:-2]) >= 0).all()  # which bounds of outputs rely on


@pytest.mark.parametrize(
    ("function", "bits", "largest", "chosen"),
    [
        ("tanh", 16, 0.9, 15),
        ("tanh", 16, 1.9, 14),
        ("tanh", 16, 7.0, 12),
        ("tanh", 16, 1000.0, 12),
        ("sigmoid", 16, 1000.0, 11),
        ("tanh", 8, 0.9, 7),
        ("sigmoid", 8, 3.9, 5),
    ],
)
def test_formats_hold_what_was_seen(function, bits, largest, chosen):
    sums = np.linspace(-largest, largest, 201).reshape(-1, 1)
    table = choose_table(function, sums, 1.0, np.ones(1), bits)
    assert (table.argument_bits, table.result_bits) == (chosen, bits - 1)
    # What others may reach counts like what was seen.
    halved = choose_table(function, sums / 2, 2.0, np.ones(1), bits)
    assert halved == table
    spare = choose_table(function, sums, 1.0, np.ones(1), bits, spares=True)
    assert (spare.argument_bits, spare.result_bits) == (chosen, min(12, bits - 1))


def test_an_error_is_that_of_argument_table_and_result():
    sums = np.random.default_rng(1).uniform(-6, 6, (500, 3))
    error = FunctionTable("tanh", 12, 15).errors(sums, 16)
    assert np.abs(error).max() < 2**-13 + 4.2e-5 + 2**-16
    assert np.abs(error).max() > 2**-15
    coarse = FunctionTable("sigmoid", 4, 7).errors(sums, 8)
    assert 2**-9 < np.abs(coarse).max() < 2**-5 / 4 + 3.3e-5 + 2**-8


OPTIONS = [{}, {"bits": 8}, {"accumulator": 32}, {"power_of_two": True}, {"goal": 90}, {"goal": 0}]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kinds", [("tanh", "sigmoid"), ("relu", "tanh"), ("sigmoid", "leaky")])
def test_quantized_networks_give_the_bytes_of_the_engine(generator, options, kinds):
    network = make_network(generator, [20, 33, 17, 4], [*kinds, "linear"])
    rows = generator.standard_normal((100, 20)) * generator.uniform(0.1, 30, 20)
    quantized = quantize(network, rows, **options)
    batch = quantized.quantize_input(rows * 3)
    trace = quantized.simulate(batch)
    with xfblas.open(dtype=quantized.dtype) as device:
        found = Chain(device.compute_units[0], quantized).run(batch)
    np.testing.assert_array_equal(found, trace.output)
    assert trace.wraps == 0
    for layer, summary in zip(quantized.layers, quantized.summaries, strict=True):
        assert (summary.table is None) == (summary.activation not in ("tanh", "sigmoid"))
        assert summary.table == layer.table
        if layer.table is not None:
            assert (summary.scale == 2.0**layer.table.result_bits).all()
            assert len(set(summary.sum_scale)) == 1


@pytest.mark.parametrize("options", OPTIONS)
def test_ranges_behind_a_table_hold_every_output(generator, options):
    network = make_network(generator, [20, 30, 7], ["tanh", "linear"])
    quantized = quantize(network, generator.standard_normal((64, 20)), **options)
    layer, bits = quantized.layers[0], quantized.bits
    interval = bounds.whole(bits, quantized.input_units)
    worst = np.where(layer.weights.T > 0, interval.high, interval.low)
    worst = np.concatenate([worst, -1 - worst]).astype(layer.weights.dtype)
    found = run_layer(layer, worst, quantized.arithmetic).output
    total = bounds.sums(layer.weights, layer.bias, interval)
    ends = bounds.outputs(total, layer, bits, True, True)
    assert (ends.low <= found.min(axis=0)).all() and (found.max(axis=0) <= ends.high).all()
    # Reached, so the proof of the next layer's sums is no wider than it must be.
    np.testing.assert_array_equal(found.max(axis=0), ends.high)
    np.testing.assert_array_equal(found.min(axis=0), ends.low)


def test_sums_behind_a_table_fit_32_bits_unless_precision_is_asked_for(generator):
    network = make_network(generator, [20, 40, 40, 5], ["tanh", "tanh", "linear"])
    rows = generator.standard_normal((500, 20))
    plain, fine = (quantize(network, rows, **options) for options in ({}, {"goal": 90}))
    assert [summary.table.result_bits for summary in plain.summaries[:2]] == [12, 12]
    assert [summary.table.result_bits for summary in fine.summaries[:2]] == [15, 15]
    assert "wide" not in [summary.sums for summary in plain.summaries[1:]]
    found = (xfblas.quantization.compare(network, one, rows).decibels for one in (plain, fine))
    assert 62 < next(found) < next(found)


@pytest.mark.parametrize(("bits", "wanted"), [(16, 62), (8, 24)])
def test_decibels_of_deep_tables(generator, bits, wanted):
    network = make_network(generator, [20, 40, 40, 40, 5], ["tanh"] * 3 + ["linear"])
    rows = generator.standard_normal((500, 20))
    quantized = quantize(network, rows, bits=bits)
    assert xfblas.quantization.compare(network, quantized, rows).decibels > wanted
