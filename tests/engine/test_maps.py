"""Operations over feature maps as callers queue them: the oracle's bytes."""

import map_cases
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets import examples

import xfblas

SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module", params=[np.int16, np.int8])
def unit(request):
    with xfblas.open(engine="Fcn", dtype=request.param) as device:
        yield device.compute_units[0]


def check(unit, seed, kind):
    rng = np.random.default_rng(seed)
    case = map_cases.random_case(rng, unit.device.dtype, kind)
    np.testing.assert_array_equal(case.run(unit), case.expected(), f"{seed}: {case}")


@examples(400)
@given(seed=SEEDS)
def test_convolutions(unit, seed):
    check(unit, seed, "convolution")


@examples(200)
@given(seed=SEEDS)
def test_depthwise_convolutions(unit, seed):
    check(unit, seed, "depthwise")


@examples(200)
@given(seed=SEEDS)
def test_pooling(unit, seed):
    check(unit, seed, "max" if seed % 2 else "average")
