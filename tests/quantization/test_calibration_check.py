"""Calibration rows that tell too little, and those that only look so."""

import warnings

import numpy as np
import pytest
from quantization.conftest import make_network

from xfblas import errors, quantize
from xfblas.graph import Layer, Network
from xfblas.quantization import compare

PLAIN = (("relu", 0.0), ("linear", 1.0))


def told(network, rows, **options):
    """The lines of the one warning that a calibration gives; none without."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        quantize(network, rows, **options)
    assert len(caught) <= 1
    if not caught:
        return []
    assert caught[0].category is errors.CalibrationWarning
    assert caught[0].filename == __file__
    first, *lines = str(caught[0].message).splitlines()
    assert first == "the calibration rows tell too little:"
    return lines


@pytest.fixture
def mlp(generator):
    """A network 12-16-3."""
    return make_network(generator, [12, 16, 3], ["relu", "linear"])


@pytest.fixture
def good(generator):
    return generator.standard_normal((300, 12)).astype(np.float32)


@pytest.mark.parametrize("options", [{}, {"bits": 8}, {"goal": 0}, {"legacy": True}])
def test_good_rows_are_not_told(mlp, good, options):
    assert told(mlp, good, **options) == []
    quantize(mlp, good, strict=True, **options)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (np.zeros((50, 12)), "none of its 12 inputs varied in 50 rows"),
        (np.full((50, 12), 7.5), "none of its 12 inputs varied in 50 rows"),
        (np.tile(np.arange(12) + 20240131.0, (20, 1)), "none of its 12 inputs varied in 20 rows"),
        # By the last bit of float32.
        (1000 + np.arange(40)[:, None] % 2 * np.full(12, 2.0**-14), "none of its 12 inputs"),
        (np.ones((1, 12)), "there is 1 row"),
        (iter([np.ones((3, 12)), np.ones((4, 12))]), "none of its 12 inputs varied in 7 rows"),
    ],
)
def test_rows_in_which_nothing_varies(mlp, rows, text):
    (line,) = told(mlp, rows)
    assert line.startswith(f"  dense_0: {text}") and "pass some hundred rows" in line


def test_rows_that_vary_between_chunks_only(mlp):
    assert told(mlp, iter([np.full((3, 12), 1.0), np.full((4, 12), 2.0)])) == []


@pytest.mark.parametrize("method", ["calibrated", "gemx"])
def test_single_features_that_never_vary_are_named(mlp, good, method):
    good[:, [3, 7]] = 20240131, -0.5
    line, *others = told(mlp, good, method=method)
    assert "2 of 12 features never varied in 300 rows: feature 3 (always 20240132)" in line
    assert len(others) == (method == "gemx")
    assert "feature 7 (always -0.5): pass rows" in line
    good[:, [0, 1, 2, 4, 5]] = 0.25
    line, *others = told(mlp, good, method=method)
    assert "7 of 12 features" in line and "feature 4 (always 0.25) and 2 more: " in line


def test_columns_of_frames_are_named(mlp, good):
    pandas = pytest.importorskip("pandas")
    good[:, 3] = 101325
    frame = pandas.DataFrame(good, columns=[f"sensor {index}" for index in range(12)])
    (line,) = told(mlp, frame)
    assert "1 of 12 features never varied in 300 rows: sensor 3 (always 101325)" in line


@pytest.mark.parametrize(("low", "high"), [(0, 16), (-1, 1), (0, 255)])
def test_borders_of_images_are_at_rest(generator, low, high):
    """Always as dark, or as bright, as others are now and then."""
    network = make_network(generator, [64, 16, 3], ["relu", "linear"])
    rows = generator.integers(0, 17, (200, 64)) / 16 * (high - low) + low
    rows[:, :20] = low
    rows[:, 20:25] = high
    assert told(network, rows) == []
    rows[:, 30] = (low + 2 * high) / 3
    (line,) = told(network, rows)
    assert "1 of 64 features" in line and "feature 30" in line
    # At last nothing is left that varies.
    rows[:, :60] = low
    (line,) = told(network, rows)
    assert "60 of 64 features never varied" in line


@pytest.mark.parametrize("bits", [8, 16])
def test_half_of_the_features_at_rest(mlp, good, bits):
    """Sums of twelve features have no room in a network that has seen six."""
    good[:, :5] = 0
    assert told(mlp, good, bits=bits) == []
    good[:, 5] = 0
    (line,) = told(mlp, good, bits=bits)
    assert "6 of 12 features never varied in 300 rows: feature 0 (always 0)" in line


def test_flags_that_would_drown_the_others(generator):
    """One that is at rest, but has no room to move because of its weight."""
    rows = generator.integers(0, 2, (100, 12)).astype(np.float64)
    rows[:, 4] = 1
    for weight, count in ((1.0, 0), (1e3, 1)):
        kernel = generator.standard_normal((12, 3))
        kernel[4] = weight
        network = Network("n", (Layer("d", kernel, np.zeros(3), *PLAIN[1]),), "linear", (12,))
        assert len(told(network, rows)) == count


def test_zeros_where_the_model_has_a_mean(generator, good):
    """At rest is only what the model's own layers have there too."""
    center = np.zeros(12)
    kernel = generator.standard_normal((12, 3))
    good[:, 5] = 0
    for mean, count in ((1.0, 0), (1e5, 1)):
        center[5] = mean
        network = Network(
            "n", (Layer("d", kernel, np.zeros(3), *PLAIN[1]),), "linear", (12,), center=center
        )
        assert len(told(network, good)) == count


def test_features_that_the_model_takes_for_constant(generator, good):
    """After a Normalization without variance a step of float32 outweighs all others."""
    kernel = generator.standard_normal((12, 3))
    good[:, 5] = 255
    center = np.zeros(12)
    center[5] = 255
    for scale, count in ((1.0, 1), (1e7, 0)):
        scaled = kernel * np.where(np.arange(12) == 5, scale, 1.0)[:, np.newaxis]
        network = Network(
            "n", (Layer("d", scaled, np.zeros(3), *PLAIN[1]),), "linear", (12,), center=center
        )
        assert len(told(network, good)) == count


def test_features_without_weights_are_not_told(generator, good):
    kernel = generator.standard_normal((12, 3))
    kernel[5] = 0
    good[:, 5] = 9
    network = Network("n", (Layer("d", kernel, np.zeros(3), *PLAIN[1]),), "linear", (12,))
    assert told(network, good) == []


def test_layers_that_no_row_reaches(generator, good):
    """All units at once: a few dead ones are common."""
    network = make_network(generator, [12, 16, 8, 3], ["relu", "relu", "linear"])
    layers = list(network.layers)
    bias = np.where(np.arange(8) < 6, -1e3, 0.0)
    for changed, text in ((bias, None), (np.full(8, -1e3), "dense_1: none of its 8 outputs")):
        layers[1] = Layer("dense_1", layers[1].kernel, changed, *PLAIN[0])
        # Also where the host has the ReLU of the last layer.
        for part in (layers, layers[:2]):
            lines = told(Network("n", tuple(part), "linear", (12,)), good)
            assert (text is None and not lines) or (text in lines[0] and len(lines) == 1)


def test_results_far_below_the_goal(generator, good):
    network = make_network(generator, [12, 16, 3], ["relu", "linear"])
    coarse = {"margin": 1e3, "growth": 1.0}
    (line,) = told(network, good, **coarse)
    reached = float(line.split(" are only ")[1].split(" dB")[0])
    assert 0 < reached < 40 and "the goal is 62.0" in line and "xfblas report" in line
    assert told(network, good, goal=reached * 1.45, **coarse) == []
    assert len(told(network, good, goal=reached * 1.6, **coarse)) == 1
    # Two findings are one warning.
    good[:, 3] = 5
    assert len(told(network, good, **coarse)) == 2


@pytest.mark.parametrize("bits", [8, 16])
def test_the_public_scheme_is_told_of_its_results(mlp, good, bits):
    (line,) = told(mlp, good, method="gemx", bits=bits)
    reached = float(line.split(" are only ")[1].split(" dB")[0])
    quantized = quantize(mlp, good, method="gemx", bits=bits)
    assert reached == pytest.approx(compare(mlp, quantized, good).decibels, abs=0.06)
    with pytest.raises(errors.CalibrationError, match="are only"):
        quantize(mlp, good, method="gemx", bits=bits, strict=True)


def test_a_goal_out_of_reach_asks_for_what_there_is(mlp, good):
    assert told(mlp, good, goal=300) == []


def test_strict_makes_it_an_error(mlp, good):
    with pytest.raises(
        errors.CalibrationError, match=r"tell too little:\n  dense_0: there is 1 row"
    ):
        quantize(mlp, good[:1], strict=True)
    with pytest.raises(errors.InvalidValueError, match="strict is 1, expected True or False"):
        quantize(mlp, good, strict=1)
    assert issubclass(errors.CalibrationError, errors.InvalidValueError)


def test_values_that_are_no_numbers_stay_errors(mlp, good):
    good[4, 3] = np.nan
    with pytest.raises(errors.InvalidValueError, match="calibration has nan at row 4, column 3"):
        quantize(mlp, good)
