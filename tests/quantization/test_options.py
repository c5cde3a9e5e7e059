"""Options: what is refused and why, and what each of the others does."""

import numpy as np
import pytest
from quantization.conftest import make_network

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.models import Layer, Network
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
        ({"activations": "kl"}, "activations is 'kl', expected one of 'minmax'"),
        ({"weights": "entropy"}, "weights is 'entropy'"),
        ({"margin": 0.5}, "margin is 0.5"),
        ({"margin": float("nan")}, "margin is nan"),
        ({"percentile": 0}, "percentile is 0"),
        ({"percentile": 101}, "percentile is 101"),
        ({"equalize": 2}, "equalize is 2"),
        ({"equalize": "full"}, "equalize is 'full'"),
        ({"rounding": "up"}, "rounding is 'up'"),
        ({"leaky": "no"}, "leaky is 'no'"),
        ({"relu": 1}, "relu is 1"),
        ({"input_base": 3}, "input_base is 3"),
        ({"bits": 8, "input_base": 256}, "input_base is 256"),
        ({"output_windows": 0}, "output_windows is 0"),
        ({"hidden_windows": 17}, "hidden_windows is 17, expected 1 to 16"),
        ({"hidden_windows": 2, "relu": "prelu"}, "hidden_windows is 2 with relu 'prelu'"),
        ({"constants": 1}, "constants is 1, expected True, False or None"),
        ({"goal": float("nan")}, "goal is nan, expected decibels"),
        ({"goal": "high"}, "goal is 'high'"),
        ({"power_of_two": 1}, "power_of_two is 1"),
        ({"legacy": "yes"}, "legacy is 'yes'"),
        ({"colour": "red"}, "colour is not an option"),
        ({"legacy": True, "activations": "percentile"}, "would change its sign"),
        ({"legacy": True, "activations": "mse"}, "would change its sign"),
        ({"legacy": True, "activations": "entropy"}, "would change its sign"),
        ({"legacy": True, "relu": "saturation"}, "the saturate flag"),
        ({"legacy": True, "output_windows": 2}, "the saturate flag"),
        ({"legacy": True, "constants": True}, "the saturate flag"),
    ],
)
def test_wrong_options(network, rows, options, text):
    with pytest.raises(InvalidValueError, match=text):
        quantize(network, rows, **options)


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


@pytest.mark.parametrize("activations", ["minmax", "percentile", "mse", "entropy"])
def test_clipping_ranges_clip(network, generator, activations):
    rows = generator.standard_normal((3000, 20))
    outlying = np.concatenate([rows, 8 * rows[:2]])
    quantized = quantize(network, outlying, bits=8, activations=activations, percentile=99.9)
    clipped = sum(summary.clipped_seen for summary in quantized.summaries)
    assert (clipped == 0) == (activations == "minmax")
    # What is not clipped is finer for it; entropy weighs the shape of a histogram, not its steps.
    widest = quantize(network, outlying, bits=8)
    outliers = np.abs(outlying).argmax(axis=0) >= len(rows)
    finer = np.broadcast_to(quantized.input_scale / widest.input_scale, outliers.shape)[outliers]
    if activations != "entropy":
        assert (np.median(finer) > 1) == (activations != "minmax")


def test_clipped_weights_are_counted(network, rows):
    quantized = quantize(network, rows, weights="percentile", percentile=90)
    shares = [
        summary.clipped_weights / layer.weights.size
        for summary, layer in zip(quantized.summaries, quantized.layers, strict=True)
    ]
    assert all(0.05 < share < 0.11 for share in shares)
    assert quantize(network, rows).summaries[0].clipped_weights == 0


def test_powers_of_two(network, rows):
    quantized = quantize(network, rows, power_of_two=True)
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
        compare(network, quantize(network, rows[:200], per_channel=each), rows[200:]).decibels
        for each in (True, False)
    )
    assert folded > 75 and folded > single + 30


def test_bias_correction_takes_the_mean_error_away(generator):
    network = make_network(generator, [20, 40, 5], ["relu", "linear"])
    rows = np.abs(generator.standard_normal((300, 20)))
    means = []
    for corrected in (True, False):
        quantized = quantize(
            network, rows, bits=8, bias_correction=corrected, rounding="nearest", input_base=0
        )
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
        np.testing.assert_allclose(found, [[0.5, -2.0]], rtol=0.02)


def test_rows_of_zeros():
    network = make_network(np.random.default_rng(3), [3, 4, 2], ["relu", "linear"])
    for options in ({}, {"bits": 8}, {"activations": "mse"}):
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
    assert Options(activations="mse").margin_for(1) == 1
    default, given = quantize(network, rows[:40]), quantize(network, rows[:40], margin=4.0)
    np.testing.assert_array_equal(default.layers[0].weights, given.layers[0].weights)
    np.testing.assert_array_equal(default.input_scale, given.input_scale)


def test_outputs_far_too_small_for_the_weights():
    kernel = np.array([[1e12], [-1e12]])
    network = Network("n", (Layer("d", kernel, np.zeros(1), "linear", 1.0),), "linear", (2,))
    with pytest.raises(UnsupportedModelError, match="layer d: its sums can be"):
        quantize(network, np.ones((3, 2)))
