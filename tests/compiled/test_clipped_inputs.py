"""Inputs beyond what calibration gave room for: counted, and told once."""

import warnings

import numpy as np
import pytest
from quantization.conftest import make_network

import xfblas
from xfblas.quantization import compare


@pytest.fixture
def network():
    """20-30-5."""
    return make_network(np.random.default_rng(1), [20, 30, 5], ["relu", "linear"])


@pytest.fixture
def rows():
    """(300, 20) float32."""
    return np.random.default_rng(2).standard_normal((300, 20)).astype(np.float32)


def with_far(rows, network, coding, places):
    """The rows with values of so many times their feature's range."""
    far = rows.copy()
    for row, feature, factor in places:
        far[row, feature] = factor * coding.limit / coding.scale[feature]
    return far


@pytest.mark.parametrize("goal", [0, 95])
@pytest.mark.parametrize("bits", [8, 16])
def test_counts_are_those_of_the_coding(network, rows, bits, goal):
    with xfblas.compile(network, rows, bits=bits, goal=goal) as compiled:
        ((name, quantized),) = compiled.networks.items()
        compiled.predict(rows, verbose=0)
        nothing = {"rows": 300, "clipped_rows": 0, "features": {}}
        assert compiled.statistics() == {name: nothing}
        places = [(3, 7, 2.0), (3, 8, -1.5), (17, 7, 4.0), (250, 19, 1.001), (299, 0, -30.0)]
        far = with_far(rows, network, quantized.input_coding, [*places, (5, 5, 1.0)])
        # Also in the batches that Keras' callers ask for.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled.predict(far, batch_size=32, verbose=0)
        found = compiled.statistics()[name]
    assert (found["rows"], found["clipped_rows"]) == (600, 4 if bits == 16 else 3)
    factors = quantized.input_coding.clipped(far)
    expected = {
        int(f): {"count": int((factors[:, f] > 0).sum()), "factor": float(factors[:, f].max())}
        for f in np.flatnonzero(factors.any(axis=0))
    }
    assert found["features"].keys() == expected.keys()
    for feature, counts in expected.items():
        assert found["features"][feature]["count"] == counts["count"]
        assert found["features"][feature]["factor"] == pytest.approx(counts["factor"], rel=1e-6)
    assert compare(network, quantized, far).clipped_inputs == (5 if bits == 16 else 4)
    assert compare(network, quantized, rows).clipped_inputs == 0


def test_one_warning_names_the_feature_and_the_factor(network, rows):
    with xfblas.compile(network, rows) as compiled:
        (quantized,) = compiled.networks.values()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled.predict(rows, verbose=0)
            # One row of 600 does not matter.
            one = with_far(rows, network, quantized.input_coding, [(9, 4, 3.0)])
            compiled.predict(one, verbose=0)
        many = with_far(rows, network, quantized.input_coding, [(r, 4, 5.0) for r in range(50)])
        with pytest.warns(RuntimeWarning, match=r"51 of 900 rows .* feature 4 most, at 5 times"):
            compiled.predict(many, verbose=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled.predict(many, verbose=0)
        assert compiled.statistics()[quantized_name(compiled)]["features"][4]["count"] == 101


def quantized_name(compiled):
    (name,) = compiled.networks
    return name


def test_a_single_row_is_a_share_that_matters(network, rows):
    with xfblas.compile(network, rows) as compiled:
        (quantized,) = compiled.networks.values()
        far = with_far(rows[:1], network, quantized.input_coding, [(0, 11, 2.0)])
        with pytest.warns(RuntimeWarning, match="1 of 1 rows .* feature 11 most, at 2 times"):
            compiled.predict(far, verbose=0)


def test_arithmetic_that_takes_steps_counts_too(network, rows):
    with xfblas.compile(network, rows, legacy=True) as compiled:
        (quantized,) = compiled.networks.values()
        far = with_far(rows, network, quantized.input_coding, [(r, 2, 9.0) for r in range(300)])
        with pytest.warns(RuntimeWarning, match="300 of 300 rows .* feature 2 most, at 9 times"):
            compiled.predict(far, verbose=0)
        assert compiled.statistics()[quantized_name(compiled)]["clipped_rows"] == 300
