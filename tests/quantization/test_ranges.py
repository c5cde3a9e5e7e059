"""Histograms and the limits that are read from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xfblas.quantization.histogram import Histogram
from xfblas.quantization.ranges import limits, weight_limit


@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_chunks_count_what_all_rows_at_once_count(seed, parts):
    generator = np.random.default_rng(seed)
    rows = generator.standard_normal((200, 4)) * 10.0 ** generator.integers(-3, 4, (200, 1))
    rows[:, 3] = 0
    whole, pieces = Histogram(4), Histogram(4)
    whole.add(rows)
    for part in np.array_split(rows, parts):
        pieces.add(part)
    np.testing.assert_array_equal(pieces.largest, np.abs(rows).max(axis=0))
    np.testing.assert_array_equal(pieces.counts, whole.counts)
    np.testing.assert_array_equal(pieces.width, whole.width)
    assert pieces.rows == 200 and (pieces.counts.sum(axis=1) == 200).all()
    merged = whole.merged()
    together = Histogram(1, whole.bins)
    together.add(rows.reshape(-1, 1))
    np.testing.assert_array_equal(merged.counts, together.counts)


def test_many_features_have_fewer_bins():
    assert Histogram(10).bins == 1024
    assert Histogram(100_000).counts.nbytes < 2**26


def test_counts_what_lies_beyond():
    histogram = Histogram(2)
    histogram.add(np.array([[1.0, 0.1], [-8.0, 0.2], [4.0, 0.3]]))
    assert histogram.count_beyond(np.array([5.0, 1.0])) == 1
    assert histogram.count_beyond(np.array([0.5, 0.01])) == 6
    assert histogram.count_beyond(np.array([8.0, 0.3])) == 0


@pytest.fixture
def gaussian(generator):
    """100000 normal values and one far outside."""
    histogram = Histogram(1)
    histogram.add(np.append(generator.standard_normal(100_000), 60.0)[:, np.newaxis])
    return histogram


def test_limits_of_a_normal_distribution_with_an_outlier(gaussian):
    assert limits(gaussian, "minmax", 99.9, 127)[0] == 60
    assert 3.1 < limits(gaussian, "percentile", 99.9, 127)[0] < 3.5
    assert 0.6 < limits(gaussian, "percentile", 50, 127)[0] < 0.8
    # 7 bits and a sign of a normal distribution: about 4 standard deviations.
    assert 3.4 < limits(gaussian, "mse", 99.9, 127)[0] < 60
    assert limits(gaussian, "entropy", 99.9, 127)[0] < 20


def test_least_squares_is_least(generator):
    """Against clipping and rounding in truth, on a grid of limits."""
    values = generator.laplace(size=200_000)
    histogram = Histogram(1)
    histogram.add(values[:, np.newaxis])
    chosen = limits(histogram, "mse", 0, 7)[0]

    def error(limit):
        step = limit / 7
        return ((np.clip(np.rint(values / step), -7, 7) * step - values) ** 2).mean()

    assert error(chosen) < 1.02 * min(error(limit) for limit in np.linspace(1, 12, 100))


def test_features_that_are_always_zero_have_no_limit():
    histogram = Histogram(1)
    histogram.add(np.zeros((5, 1)))
    for method in ("minmax", "percentile", "mse", "entropy"):
        assert limits(histogram, method, 99.9, 127)[0] == 0


def test_weight_limits(generator):
    weights = generator.standard_normal((50, 40))
    weights[3, 4] = 30
    even = np.ones(50)
    assert weight_limit(weights, even, "minmax", 99, 127) == 30
    assert weight_limit(weights, even, "percentile", 99, 127) < 4
    assert 9 <= weight_limit(weights, even, "mse", 99, 127) <= 30
    # An input that is never used may have any weight.
    unused = even.copy()
    unused[3] = 0
    assert weight_limit(weights, unused, "mse", 99, 127) == pytest.approx(9)
    assert weight_limit(np.zeros((2, 2)), even[:2], "mse", 99, 127) == 0
