"""The search: it adds as little as the goal takes, and keeps what the caller settled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantization.conftest import make_network

import xfblas
from xfblas.quantization import compare, quantize
from xfblas.quantization.constants import constant_held, shared_out, with_constants
from xfblas.quantization.layers import Arithmetic, QuantizedLayer
from xfblas.quantization.scales import BIAS_MAX
from xfblas.quantization.simulation import run_layer

SETTLED = {
    "input_base": 0,
    "input_copies": False,
    "output_windows": 1,
    "hidden_windows": 1,
    "constants": False,
}


@pytest.fixture
def deep():
    """Six layers of 24, whose roundings add up; always the same, since gains differ by network."""
    return make_network(np.random.default_rng(11), [20, *[24] * 6, 5], ["relu"] * 6 + ["linear"])


@pytest.fixture
def rows():
    """(300, 20) float32."""
    return np.random.default_rng(12).standard_normal((300, 20)).astype(np.float32)


def products(quantized):
    return sum(layer.weights.size for layer in quantized.layers)


def decibels(network, quantized, rows):
    return compare(network, quantized, rows).decibels


@pytest.mark.parametrize("bits", [8, 16])
def test_a_goal_of_nothing_adds_nothing(deep, rows, bits):
    quantized = quantize(deep, rows, bits=bits, goal=0)
    plain = sum(layer.kernel.size for layer in deep.layers)
    assert products(quantized) == plain
    assert quantized.input_columns is None and quantized.output_windows == 1


@pytest.mark.parametrize(("bits", "gains"), [(8, (0.5,)), (16, (2, 5))])
def test_higher_goals_are_reached_at_more_products(deep, rows, bits, gains):
    plain = quantize(deep, rows, bits=bits, goal=0)
    start = decibels(deep, plain, rows)
    before = products(plain)
    for gain in gains:
        finer = quantize(deep, rows, bits=bits, goal=start + gain + 2)
        # Windows between layers stop 2 dB below the goal.
        assert decibels(deep, finer, rows) > start + gain - 0.2
        assert products(finer) > before
        before = products(finer)


@pytest.mark.parametrize("bits", [8, 16])
def test_what_is_settled_is_not_searched(deep, rows, bits):
    quantized = quantize(deep, rows, bits=bits, goal=200, **SETTLED)
    assert products(quantized) == sum(layer.kernel.size for layer in deep.layers)
    wanted = SETTLED | {"output_windows": 3, "input_copies": True}
    quantized = quantize(deep, rows, bits=bits, goal=0, **wanted)
    # So many at most: X has no room for more in some layers.
    assert 1 < quantized.output_windows <= 3


@pytest.mark.parametrize(("bits", "constants"), [(8, False), (16, False), (16, True)])
def test_windows_between_layers(deep, rows, bits, constants):
    options = SETTLED | {"hidden_windows": 2, "relu": "saturation", "constants": constants}
    finer = quantize(deep, rows, bits=bits, goal=0, **options)
    plain = quantize(deep, rows, bits=bits, goal=0, **SETTLED)
    windows = [summary.windows for summary in finer.summaries]
    assert windows[-1] == 1 and windows[0] == 2
    if constants:
        # With constants X is wide enough; without, finer steps take bits from the weights.
        assert windows == [2] * 6 + [1] and any(summary.constants for summary in finer.summaries)
    if bits == 8 or constants:
        # In 8 bits weights are the louder half, which windows leave as they are.
        gain = 0.3 if bits == 8 else 1
        assert decibels(deep, finer, rows) > decibels(deep, plain, rows) + gain
    trace = finer.simulate(finer.quantize_input(rows))
    assert trace.wraps == 0 and all(summary.fits for summary in finer.summaries)
    values = np.asarray(rows, np.float64)
    for layer, summary, done in zip(deep.layers, finer.summaries, trace.layers, strict=True):
        sums = values @ layer.kernel + layer.bias
        values = np.maximum(sums, 0) if layer.activation == "relu" else sums
        found = summary.values(done.output)
        assert found.shape == values.shape
        noise = ((found - values) ** 2).mean() / (values**2).mean()
        assert noise < 10 ** (-2.5 if bits == 8 else -6.5)


@pytest.mark.parametrize("bits", [8, 16])
def test_windows_and_constants_on_the_engine(deep, rows, bits):
    options = {"bits": bits, "hidden_windows": 2, "relu": "saturation", "constants": True}
    with xfblas.compile(deep, rows, **options) as compiled:
        (quantized,) = compiled.networks.values()
        integers = quantized.simulate(quantized.quantize_input(rows)).output
        np.testing.assert_array_equal(compiled.predict(rows, verbose=0), quantized.finish(integers))
        traced = compiled.trace(rows)[1]
    assert [traced[layer.name].shape[1] for layer in deep.layers] == [24] * 6 + [5]


@given(st.integers(1, 2**15 - 1), st.integers(0, 8), st.integers(0, 2**32 - 1))
def test_constants_carry_what_x_cannot(constant, count, seed):
    generator = np.random.default_rng(seed)
    most = BIAS_MAX + count * constant * 32767
    addend = np.rint(generator.uniform(-most, most, 6))
    addend[0] = most
    rows, left = shared_out(addend, constant, 32767)
    assert len(rows) == count
    assert (np.abs(left) <= BIAS_MAX).all() and (np.abs(rows) <= 32767).all()
    np.testing.assert_array_equal(constant * rows.sum(axis=0) + left, addend)


@given(st.sampled_from([8, 16]), st.integers(1, 2**15 - 1), st.integers(0, 30), st.integers(0, 99))
def test_a_constant_column_holds_its_number(bits, post_scale, post_shift, seed):
    dtype = np.int8 if bits == 8 else np.int16
    generator = np.random.default_rng(seed)
    ends = np.iinfo(dtype)
    layer = QuantizedLayer(
        "some",
        generator.integers(ends.min, ends.max, (3, 2)).astype(dtype),
        np.zeros(2, np.int32),
        post_scale,
        post_shift,
    )
    constant, addend = constant_held(layer, bits)
    assert 0 <= constant <= ends.max
    batch = generator.integers(ends.min, ends.max, (4, 3)).astype(dtype)
    before = run_layer(layer, batch, Arithmetic()).output
    after = run_layer(with_constants(layer, 2, addend), batch, Arithmetic()).output
    np.testing.assert_array_equal(after, np.hstack([before, np.full((4, 2), constant, dtype)]))
