"""xfblasPredict against its steps one by one: quantize, every layer, finish."""

import numpy as np
import predictions
import pytest
from hypothesis import given
from hypothesis import strategies as st
from predictions import Layer, Model
from targets import examples

import xfblas
from xfblas import errors

WIDTHS = st.lists(st.one_of(st.integers(1, 9), st.sampled_from([31, 127, 129])), min_size=2,
                  max_size=5)  # fmt: skip


def random_rows(generator, rows, features):
    return generator.normal(0, 2, (rows, features)).astype(np.float32)


@examples(40)
@given(st.integers(0, 2**32 - 1), WIDTHS, st.sampled_from([0, 1, 2, 37, 300]))
def test_random_models(seed, widths, rows):
    for name in ("default_short", "seed_short"):
        generator = np.random.default_rng(seed)
        model = predictions.random_model(generator, np.int16, widths)
        given = random_rows(generator, rows, len(model.scales))
        with xfblas.open(xfblas.image_path(name)) as device:
            found = model.run(device.compute_units[0], given, capacity=64)
        np.testing.assert_array_equal(found, model.expected(given))


@pytest.mark.native
@examples(40)
@given(seed=st.integers(0, 2**32 - 1), widths=WIDTHS, rows=st.sampled_from([1, 37]))
def test_random_models_of_int8(int8_image, seed, widths, rows):
    generator = np.random.default_rng(seed)
    model = predictions.random_model(generator, np.int8, widths)
    given = random_rows(generator, rows, len(model.scales))
    with xfblas.open(int8_image) as device:
        found = model.run(device.compute_units[0], given)
    np.testing.assert_array_equal(found, model.expected(given))


def one_layer(weights, **fields):
    """A model that multiplies by weights and returns the integers."""
    k, n = weights.shape
    return Model([Layer(weights, saturate=False)], np.ones(k), np.ones(n, np.float32), **fields)


def test_runs_of_neighbouring_digits(generator):
    """Of every length, in any order, and of both digits."""
    features = 45
    runs = [np.arange(first, first + count) for count in range(1, 41)
            for first in generator.integers(0, 2 * features - count, 2)]  # fmt: skip
    columns = np.concatenate([runs[i] for i in generator.permutation(len(runs))])
    # Too many to be sums of int16, so only some rows of weights are not 0.
    for part in np.array_split(np.arange(len(columns)), 8):
        weights = np.zeros((len(columns), len(part)), np.int16)
        weights[part, np.arange(len(part))] = 1
        model = one_layer(weights, columns=columns, limit=127, base=16)
        model.scales = generator.uniform(10, 60, features)
        rows = random_rows(generator, 5, features)
        with xfblas.open() as device:
            found = model.run(device.compute_units[0], rows)
        np.testing.assert_array_equal(found, model.elements(rows)[:, part])


@pytest.mark.parametrize("rows", [7, 8, 70])
@pytest.mark.parametrize("count", [0, 1, 18, 24, 25, 99])
def test_few_features_of_two_digits(count, rows, generator):
    """Natively the others are encoded in single precision where they are most of eight rows."""
    features = 99
    low = features + generator.permutation(features)[:count]
    columns = generator.permutation(np.concatenate([np.arange(features), low, low[: count // 2]]))
    weights = np.zeros((len(columns), len(columns)), np.int16)
    weights[np.arange(len(columns)), np.arange(len(columns))] = 1
    model = one_layer(weights, columns=columns, limit=127, base=16)
    model.scales = generator.uniform(10, 60, features)
    model.offsets = generator.normal(0, 1, features) if count % 2 else None
    given = random_rows(generator, rows, features)
    # Halves, whose low digit is an end of its range.
    given[0] = (np.arange(features) - 49.5) / model.scales
    with xfblas.open() as device:
        found = model.run(device.compute_units[0], given)
    np.testing.assert_array_equal(found, model.elements(given))


def test_sums_that_a_range_proves(generator):
    """Weights just light enough, and just too heavy, for elements within the input's limit."""
    for limit in (1, 100, 32767):
        for heavy in (2147483000 // limit, 2147483647 // limit, 2**31 // limit + 1):
            weights = np.full((2**31 // limit // 32767 + 3, 3), 0, np.int16)
            if heavy // 32767 >= 70000:
                continue
            weights[: heavy // 32767] = 32767
            weights[heavy // 32767] = heavy % 32767
            model = one_layer(weights, limit=limit)
            model.layers[0].post = (1, 18)
            rows = np.full((3, len(weights)), 1e9, np.float32)
            rows[1] *= -1
            rows[2, ::2] *= -1
            with xfblas.open() as device:
                found = model.run(device.compute_units[0], rows)
            np.testing.assert_array_equal(found, model.expected(rows))


def test_low_digits_beyond_half_of_an_odd_base():
    """Half of 3 is rounded to 2, so sums are twice as large as the limit of 1 tells."""
    model = one_layer(np.full((65536, 3), 32767, np.int16), limit=1, base=3)
    model.columns = np.ones(65536, np.int64)
    model.scales = np.ones(1)
    model.layers[0].post = (1, 18)
    rows = np.array([[0.5], [-0.5]], np.float32)
    assert (np.abs(model.elements(rows)) == 2).all()
    with xfblas.open() as device:
        found = model.run(device.compute_units[0], rows)
    np.testing.assert_array_equal(found, model.expected(rows))


@pytest.mark.parametrize("prelu", [(1, 0), (2, 1), (0, 0), (-1, 0), (0, 3)])
def test_ranges_behind_an_activation(prelu):
    """Where elements may be negative, weights of both signs count in a sum."""
    heavy = np.array([[32767], [32767], [-32767], [-32767]], np.int16)
    model = one_layer(heavy, limit=32767)
    first = Layer(np.eye(4, dtype=np.int16), prelu=prelu)
    model.layers = [first, Layer(heavy, post=(1, 20))]
    rows = np.array([[1, 1, -1, -1], [-1, -1, 1, 1], [1, 1, 1, 1]], np.float32) * 32767
    with xfblas.open() as device:
        found = model.run(device.compute_units[0], rows)
    np.testing.assert_array_equal(found, model.expected(rows))


def test_blank_biases_and_activations_are_zeros():
    """Memory that held something before does not show through."""
    model = one_layer(np.ones((3, 2), np.int16))
    rows = np.ones((5, 3), np.float32)
    for name in ("default_short", "seed_short"):
        with xfblas.open(xfblas.image_path(name)) as device:
            unit = device.compute_units[0]
            unit.send(np.full((500, 500), 3, np.int16)).free()
            assert (model.run(unit, rows) == 3).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("with_columns", [False, True])
def test_the_first_value_that_is_not_finite_is_named(value, with_columns):
    columns = np.arange(100) if with_columns else None
    model = one_layer(np.ones((100, 600), np.int16), columns=columns, limit=100)
    rows = np.zeros((1000, 100), np.float32)
    rows[[7, 500, 999], [98, 3, 50]] = value
    with xfblas.open() as device:
        unit = device.compute_units[0]
        for _ in range(5):
            with pytest.raises(errors.InvalidValueError, match=rf"{value} at row 7, column 98"):
                model.run(unit, rows, capacity=300)


def test_softmax(generator):
    weights = generator.integers(-100, 101, (20, 30)).astype(np.int16)
    model = one_layer(weights)
    model.output_scales *= 50
    model.output_scales[7] = -0.5  # so that other values are as much as 100 below
    rows = random_rows(generator, 40, 20) * 10
    logits = model.expected(rows).astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    model.softmax = True
    with xfblas.open() as device:
        found = model.run(device.compute_units[0], rows, capacity=64)
    # Differences of logits up to 87 are rounded to 24 bits, and an exponential takes the absolute
    # error of its argument as its relative one: 87 / 2**24, beside that of its own.
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), 8e-6, 1e-37)
    np.testing.assert_allclose(found.sum(axis=1), 1, 1e-6)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"limit": 0}, "coding.limit is 0, expected 1 to 32767"),
        ({"limit": 32768}, "coding.limit is 32768"),
        ({"base": 65535}, "coding.base is 65535, expected 0 to 65534"),
        ({"columns": np.array([0, 1, 6])}, r"coding.columns\[2\] is 6, expected 0 to 5"),
        ({"columns": np.array([0, -1, 1])}, r"coding.columns\[1\] is -1"),
    ],
)
def test_codings_that_are_refused(change, text):
    model = one_layer(np.ones((3, 2), np.int16), **change)
    with xfblas.open() as device, pytest.raises(errors.InvalidValueError, match=text):
        model.run(device.compute_units[0], np.zeros((1, 3), np.float32))


@pytest.mark.parametrize(
    ("windows", "offset", "text"),
    [
        (4097, 0, "output.windows is 4097, expected at most 4096"),
        (1, -(2**30) - 1, "output.offset is -1073741825, expected at most 1073741824 to either"),
    ],
)
def test_outputs_beyond_32_bits_are_refused(windows, offset, text):
    weights = np.ones((3, windows), np.int16)
    model = Model([Layer(weights)], np.ones(3), np.ones(1, np.float32), windows=windows)
    model.output_offset = offset
    with xfblas.open() as device, pytest.raises(errors.InvalidValueError, match=text):
        model.run(device.compute_units[0], np.zeros((1, 3), np.float32))


def test_windows_as_large_as_they_can_be():
    weights = np.full((2, 4096), 32767, np.int16)
    model = Model([Layer(weights)], np.ones(2), np.ones(1, np.float32), windows=4096)
    for sign in (1, -1):
        model.output_offset = sign * 2**30
        rows = np.full((20, 2), sign * 100, np.float32)
        with xfblas.open() as device:
            found = model.run(device.compute_units[0], rows)
        np.testing.assert_array_equal(found, model.expected(rows))


def test_another_number_of_features_is_refused():
    model = one_layer(np.ones((3, 2), np.int16))
    text = "coding.features is 4, but d_A has 3 columns"
    with xfblas.open() as device, pytest.raises(errors.InvalidValueError, match=text):
        model.run(device.compute_units[0], np.zeros((1, 4), np.float32))


def test_output_over_input_is_refused():
    model = one_layer(np.ones((3, 3), np.int16))
    rows = np.zeros((9, 3), np.float32)
    with xfblas.open() as device, pytest.raises(errors.InvalidValueError, match="output overlaps"):
        model.run(device.compute_units[0], rows, out=rows)
