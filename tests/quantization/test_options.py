"""Options: what is refused and why, and what each of the others does."""

import dataclasses
import inspect

import numpy as np
import pytest
from quantization.conftest import make_network

import xfblas
from xfblas.cli import main
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import Layer, Network
from xfblas.quantization import compare, quantize
from xfblas.quantization.options import Options


def predicted(quantized, rows):
    return quantized.finish(quantized.simulate(quantized.quantize_input(rows)).output)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"method": "other"}, "method is 'other'"),
        ({"bits": 12}, "bits is 12, expected 8 or 16"),
        ({"bits": True}, "bits is True"),
        ({"bits": 8.0}, "bits is 8.0, expected 8 or 16"),
        ({"accumulator": 32.0}, "accumulator is 32.0, expected 32, 48 or None"),
        ({"margin": 0.5}, "margin is 0.5"),
        ({"margin": float("nan")}, "margin is nan"),
        ({"leaky": "no"}, "leaky is 'no'"),
        ({"relu": "saturation"}, "relu was removed"),
        ({"rounding": "nearest"}, "rounding was removed"),
        ({"equalize": 0.5}, "equalize was removed"),
        ({"activations": "percentile"}, "activations was removed: no method that clips"),
        ({"weights": "mse"}, "weights was removed"),
        ({"percentile": 99.0}, "percentile was removed"),
        ({"input_base": 64}, "input_base is chosen by the goal now"),
        ({"input_copies": True}, "input_copies is chosen by the goal now"),
        ({"output_windows": 2}, "output_windows is chosen by the goal now"),
        ({"hidden_windows": 2}, "hidden_windows was removed"),
        ({"constants": True}, "constants was removed"),
        ({"method": "gemx", "relu": "prelu"}, "relu was removed"),
        ({"growth": 0.9}, "growth is 0.9, expected a number from 1 on"),
        ({"goal": float("nan")}, "goal is nan, expected decibels"),
        ({"goal": "high"}, "goal is 'high'"),
        ({"power_of_two": 1}, "power_of_two is 1"),
        ({"legacy": "yes"}, "legacy is 'yes'"),
        ({"colour": "red"}, "colour is not an option"),
        ({"ranges": 3}, "ranges is 3, expected sizes by names of layers"),
        ({"ranges": {"no": 3}}, "ranges has no 'no', expected of"),
        ({"ranges": {"dense": -3}}, "ranges of 'dense' is -3, expected a number above 0"),
    ],
)
def test_wrong_options(network, rows, options, text):
    with pytest.raises(InvalidValueError, match=text):
        quantize(network, rows, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"bits": np.int64(8)},
        {"goal": np.float32(70), "growth": np.int64(2)},
        {"margin": np.float32(1.5), "accumulator": np.int32(32)},
    ],
)
def test_numbers_of_numpy_are_numbers(network, rows, options):
    plain = {name: value.item() for name, value in options.items()}
    expected = predicted(quantize(network, rows, **plain), rows)
    np.testing.assert_array_equal(predicted(quantize(network, rows, **options), rows), expected)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (np.zeros((0, 20)), "no rows"),
        (np.ones((2, 19)), "19 values in a row"),
        (np.full((2, 20), np.nan), "nan at row 0"),
        (iter([]), "no rows"),
        (iter([np.ones((2, 20)), np.full((1, 20), np.inf)]), "inf at row 0"),
    ],
)
def test_wrong_rows(network, rows, text):
    with pytest.raises(InvalidValueError, match=text):
        quantize(network, rows)


def test_steep_slopes_are_refused():
    layer = Layer("steep", np.ones((2, 2)), np.zeros(2), "leaky_relu", 1.5)
    with pytest.raises(UnsupportedModelError, match=r"steep: a negative slope of 1\.5"):
        quantize(Network("n", (layer,), "linear", (2,)), np.ones((2, 2)))


def test_the_call_of_before_works(network, rows):
    for legacy in (False, True):
        assert quantize(network, rows, margin=1.05, legacy=legacy).dtype == np.int16


def test_powers_of_two(network, rows):
    quantized = quantize(network, rows, power_of_two=True, goal=83)
    assert all(layer.post_scale == 1 for layer in quantized.layers)
    for scale in [quantized.input_scale, *(s.scale for s in quantized.summaries)]:
        np.testing.assert_array_equal(np.log2(scale), np.rint(np.log2(scale)))
    assert compare(network, quantized, rows).decibels > 70


def test_one_scale_per_layer(network, rows):
    quantized = quantize(network, rows, per_channel=False)
    assert isinstance(quantized.output_scale, float)
    assert all(np.ptp(summary.scale) == 0 for summary in quantized.summaries)


def test_folding_saves_features_of_very_different_sizes(generator):
    network = make_network(generator, [20, 40, 5], ["relu", "linear"])
    first, last = network.layers
    sizes = np.float32(10) ** generator.uniform(-3, 3, 40).astype(np.float32)
    layers = (
        Layer("a", first.kernel * sizes, first.bias * sizes, "relu", 0.0),
        Layer("b", last.kernel / sizes[:, np.newaxis], last.bias, "linear", 1.0),
    )
    network = Network("uneven", layers, "linear", (20,))
    rows = generator.standard_normal((400, 20))
    folded, single = (
        compare(
            network, quantize(network, rows[:200], per_channel=each, goal=83), rows[200:]
        ).decibels
        for each in (True, False)
    )
    assert folded > 75 and folded > single + 30


def test_bias_correction_takes_the_mean_error_away(generator):
    network = make_network(generator, [20, 40, 5], ["relu", "linear"])
    rows = np.abs(generator.standard_normal((300, 20)))
    means = []
    for corrected in (True, False):
        quantized = quantize(network, rows, bits=8, bias_correction=corrected)
        found = quantized.logits(quantized.simulate(quantized.quantize_input(rows)).output)
        means.append(np.abs((found - network.logits(rows)).mean(axis=0)).max())
    assert means[0] < 0.4 * means[1]


def test_layers_whose_outputs_are_all_zero():
    zero = Layer("zero", np.zeros((3, 4)), np.full(4, -1.0), "relu", 0.0)
    last = Layer("last", np.ones((4, 2)), np.array([0.5, -2.0]), "linear", 1.0)
    network = Network("dead", (zero, last), "linear", (3,))
    for options in ({}, {"bits": 8}, {"accumulator": 32}, {"legacy": True}):
        quantized = quantize(network, np.ones((4, 3)), **options)
        found = quantized.finish(
            quantized.simulate(quantized.quantize_input(np.ones((1, 3)))).output
        )
        np.testing.assert_allclose(found, [[0.5, -2.0]], rtol=0.03)


def test_rows_of_zeros():
    network = make_network(np.random.default_rng(3), [3, 4, 2], ["relu", "linear"])
    for options in ({}, {"bits": 8}, {"goal": 83}):
        quantized = quantize(network, np.zeros((4, 3)), **options)
        found = quantized.finish(
            quantized.simulate(quantized.quantize_input(np.zeros((1, 3)))).output
        )
        np.testing.assert_allclose(found, network.forward(np.zeros((1, 3))), atol=0.02)


def test_few_rows_get_more_margin(network, rows):
    for bits in (8, 16):
        margins = [Options(bits=bits).margin_for(count) for count in (1, 40, 400, 10**6)]
        assert margins == sorted(margins, reverse=True)
        assert margins[0] <= 4 and margins[-1] == pytest.approx(1.5 if bits == 8 else 2.0, abs=1e-3)
    assert Options(margin=3.0).margin_for(1) == 3
    plain = {"goal": 200, "growth": 1}
    default, given = (
        quantize(network, rows[:40], **plain),
        quantize(network, rows[:40], margin=4.0, **plain),
    )
    np.testing.assert_array_equal(default.layers[0].weights, given.layers[0].weights)
    np.testing.assert_array_equal(default.input_scale, given.input_scale)


def test_outputs_far_too_small_for_the_weights():
    kernel = np.array([[1e12], [-1e12]])
    network = Network("n", (Layer("d", kernel, np.zeros(1), "linear", 1.0),), "linear", (2,))
    with pytest.raises(UnsupportedModelError, match="layer d: its sums can be"):
        quantize(network, np.ones((3, 2)))


@pytest.mark.parametrize(
    "taker", [xfblas.quantize, xfblas.compile, xfblas.KerasRT, xfblas.accelerate, xfblas.report]
)
def test_every_option_is_in_the_signature_of_what_takes_it(taker):
    shown = inspect.signature(taker).parameters
    for option in dataclasses.fields(Options):
        assert shown[option.name].kind is inspect.Parameter.KEYWORD_ONLY, option.name
    assert not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in shown.values())
    if taker not in (xfblas.accelerate, xfblas.report):
        assert "            goal: decibels between the logits" in taker.__doc__


def test_commands_take_every_option(capsys):
    with pytest.raises(SystemExit):
        main(["quantize", "--help"])
    text = capsys.readouterr().out
    for option in dataclasses.fields(Options):
        assert f"--{option.name.replace('_', '-')}" in text
