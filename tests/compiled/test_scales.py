"""The choice of scales: always what fits, never far from what was asked for."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import xfblas
from xfblas.graph import Layer, Network
from xfblas.quantization.instruction_fields import ACCUMULATOR_MAX, choose_post_above, prelu_fields

pytestmark = pytest.mark.native  # nothing here runs on a target


@given(st.floats(1e-9, 1e4), st.integers(1, 2**46))
def test_post_scale_comes_near_from_above(ratio, largest_sum):
    limit = int(ACCUMULATOR_MAX // largest_sum)
    assume(ratio <= min(limit, 2**15 - 1))
    scale, shift = choose_post_above(ratio, limit)
    limit = min(limit, 2**15 - 1)
    assert 1 <= scale <= limit and 0 <= shift <= 47
    assert scale * largest_sum <= ACCUMULATOR_MAX
    assert ratio <= scale / 2**shift < max(ratio + 2.0**-shift, ratio * (1 + 1e-12))
    if shift < 47:
        # One more bit would not have fitted.
        assert math.ceil(math.ldexp(ratio, shift + 1)) > limit


def test_a_slope_of_minus_one_never_wraps_the_most_negative_element():
    for slope in (-1.0, -0.9999, -0.9985):
        scale, alpha = prelu_fields("leaky_relu", slope)
        assert (-32768 * scale) >> alpha <= 32767 and (-128 * scale) >> alpha <= 127
        assert abs(scale / 2**alpha - slope) < 2**-8


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
    if quantized.input_limit == 32767:
        sizes = np.full(quantized.input_units, 32768)
    else:
        # The host clips inputs to the limit, and low digits to half of their base.
        sizes = quantized.input_coding.ends()[1]
    worst = sizes.astype(object) @ np.abs(layer.weights.astype(object)) + abs(
        layer.bias.astype(object)
    )
    assert (worst * layer.post_scale < 2**47).all()
    assert np.abs(layer.weights.astype(int)).max() <= 32767
