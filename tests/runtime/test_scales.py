"""The choice of scales: never above what fits, never far below."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import xfblas
from xfblas.models import Layer, Network
from xfblas.quantization.scales import ACCUMULATOR_MAX, choose_post, prelu_fields

pytestmark = pytest.mark.native  # nothing here runs on a target


@given(st.floats(1e-9, 1e4), st.floats(1, 2.0**46))
def test_post_scale_comes_near_from_below(ratio, largest_sum):
    scale, shift = choose_post(ratio, largest_sum)
    assert 1 <= scale <= 65535 and 0 <= shift <= 47
    assert scale * largest_sum <= ACCUMULATOR_MAX or scale == 1
    obtained = scale / 2**shift
    limit = max(1, min(2**15 - 1, int(ACCUMULATOR_MAX // largest_sum)))
    assume(ratio * 2**47 >= 1)
    assert obtained <= ratio or scale == 1
    if shift < 47 and ratio < limit:
        # One more bit would not have fitted, so at least half the limit is used.
        assert scale + 1 > limit / 2
        assert obtained > ratio * (1 - 2 / (limit + 1)) or scale == 1


@given(st.floats(-1, 1).filter(lambda slope: abs(slope) > 1e-6))
def test_negative_slopes_within_their_ten_bits(slope):
    scale, alpha = prelu_fields("leaky_relu", slope)
    assert -512 <= scale <= 511 and 0 <= alpha <= 31
    if abs(slope) > 2**-20:
        assert math.isclose(scale / 2**alpha, slope, rel_tol=1 / 255)


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.floats(1e-3, 1e3), st.floats(0, 1e3))
def test_sums_never_wrap_whatever_the_input(seed, k, spread, offset):
    """The 48 bits hold every sum times postScale, proved from the quantized weights alone."""
    generator = np.random.default_rng(seed)
    kernel = (generator.standard_normal((k, 3)) * spread).astype(np.float32)
    bias = np.full(3, offset, np.float32)
    network = Network("one", (Layer("d", kernel, bias, "relu", 0.0),), "linear", (k,))
    quantized = xfblas.quantize(network, generator.standard_normal((5, k)))
    layer = quantized.layers[0]
    worst = np.abs(layer.weights.astype(object)).sum(axis=0) * 32768 + abs(
        layer.bias.astype(object)
    )
    assert (worst * layer.post_scale < 2**47).all()
    assert np.abs(layer.weights.astype(int)).max() <= 32767
