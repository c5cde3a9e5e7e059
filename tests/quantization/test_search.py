"""The search: plain and wide by default, and as little more as a goal takes."""

import dataclasses

import numpy as np
import pytest
from quantization.conftest import make_network

import xfblas
from xfblas.program.chain import Chain
from xfblas.quantization import compare, quantize
from xfblas.quantization import decibels as decibels_of
from xfblas.quantization.options import GOALS, GROWTH
from xfblas.quantization.output_windows import joining_offset, window_offsets
from xfblas.quantization.quantize import quantize_and_check
from xfblas.quantization.search import KEPT


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


def plain_products(network):
    return sum(layer.kernel.size for layer in network.layers)


def decibels(network, quantized, rows):
    return compare(network, quantized, rows).decibels


def room(quantized):
    """How far beyond the calibration rows the outputs of each layer reach, at least."""
    ends = 2**15 if quantized.bits == 16 else 2**8
    sizes = (np.maximum(s.largest_seen, 1e-9) * s.scale for s in quantized.summaries)
    return min((ends / size).min() for size in sizes)


@pytest.mark.parametrize("bits", [8, 16])
def test_the_default_is_plain(deep, rows, bits):
    quantized = quantize(deep, rows, bits=bits)
    assert products(quantized) <= GROWTH * plain_products(deep)
    assert quantize(deep, rows, bits=bits, goal=0).input_columns is None


@pytest.mark.parametrize(("is_seldom", "times"), [(False, 3), (True, 5)])
def test_what_the_goal_leaves_is_range(deep, rows, is_seldom, times):
    if is_seldom:
        rows[:, 3] = 0
        rows[5, 3] = 1
    wanted = GOALS[16] + (0 if is_seldom else KEPT)
    wide, fine = quantize(deep, rows), quantize(deep, rows, goal=70)
    assert wanted - 0.5 < decibels(deep, wide, rows) < wanted + 1
    assert room(wide) > times >= 3 > room(fine) > 2
    # Values several times beyond the calibration rows are still there.
    assert decibels(deep, wide, times * rows) > GOALS[16]
    assert decibels(deep, fine, 5 * rows) < 40
    given = quantize(deep, rows, margin=2.0)
    assert 1.9 < room(given) < 2.1


@pytest.mark.parametrize("activation", ["relu", "leaky"])
def test_outputs_have_room_for_a_feature_that_was_rare(generator, activation):
    """What nearly all rows had as 0, and one row later on far above that."""
    network = make_network(generator, [20, 24, 24, 5], [activation, activation, "linear"])
    rows = np.abs(generator.standard_normal((400, 20)))
    rows[:, 7] = 0
    rows[3, 7] = 0.3
    later = rows[:50].copy()
    later[0, 7] = 3
    assert decibels(network, quantize(network, rows), later) > 55


@pytest.mark.parametrize(("bits", "gains"), [(8, (1, 2)), (16, (1, 2))])
def test_higher_goals_are_reached_at_more_products(rows, bits, gains):
    deep = make_network(np.random.default_rng(11), [20, 24, 24, 5], ["relu", "relu", "linear"])
    plain = quantize(deep, rows, bits=bits, goal=200, growth=1)
    start = decibels(deep, plain, rows)
    before = products(plain)
    assert before == plain_products(deep)
    for gain in gains:
        finer = quantize(deep, rows, bits=bits, goal=start + gain)
        assert decibels(deep, finer, rows) > start + gain - 0.2
        assert products(finer) >= before
        before = products(finer)
    assert before > plain_products(deep)


def test_growth_is_the_most_that_is_added(deep, rows):
    for growth in (1, 1.3, 2):
        quantized = quantize(deep, rows, goal=95, growth=growth)
        assert products(quantized) <= growth * plain_products(deep)
    assert products(quantize(deep, rows, goal=95)) > 1.1 * plain_products(deep)


def test_slopes_of_ten_bits_are_split_where_the_goal_needs_it(generator):
    network = make_network(generator, [20, 40, 40, 5], ["leaky", "leaky", "leaky"])
    rows = generator.standard_normal((300, 20))
    for goal, is_split in ((None, False), (83, True)):
        quantized = quantize(network, rows, goal=goal)
        assert (quantized.summaries[0].split_slope is not None) == is_split
        assert (products(quantized) > 2 * plain_products(network)) == is_split


def test_sums_go_the_narrowest_way_that_costs_little(generator):
    """Few inputs are proved for all, hundreds fit for rows like these, and no way is a wish."""
    small = make_network(generator, [8, 6, 3], ["relu", "linear"])
    rows = generator.standard_normal((300, 8))
    assert [s.sums for s in quantize(small, rows).summaries] == ["proved", "proved"]
    large = make_network(generator, [700, 300, 3], ["relu", "linear"])
    rows = generator.standard_normal((300, 700)) * (generator.random((300, 700)) < 0.2)
    quantized = quantize(large, rows)
    first = quantized.summaries[0]
    assert (first.sums, first.accumulator) == ("rows", 48) and first.sum_bits > 32
    assert decibels(large, quantized, rows) > GOALS[16] - 0.5
    integers = quantized.quantize_input(rows).astype(np.float64)
    norms = np.linalg.norm(integers, axis=1)
    columns = np.linalg.norm(quantized.layers[0].weights.astype(np.float64), axis=0)
    assert np.outer(norms, columns).max() < 2**31
    assert {s.sums for s in quantize(large, rows, accumulator=48).summaries} == {"wide"}
    narrow = quantize(large, rows, accumulator=32)
    assert all(s.sum_bits <= 32 and s.sums == "proved" for s in narrow.summaries)
    assert {s.sums for s in quantize(large, rows, bits=8).summaries} == {"proved"}


def test_the_engine_adds_these_sums_up_in_32_bits(generator):
    network = make_network(generator, [700, 300, 3], ["relu", "linear"])
    rows = generator.standard_normal((300, 700)) * (generator.random((300, 700)) < 0.2)
    rows = rows.astype(np.float32)
    with xfblas.compile(network, rows) as compiled:
        before = xfblas.native_statistics()
        compiled.predict(rows, verbose=0)
        after = xfblas.native_statistics()
        assert after["proved"] > before["proved"]
        assert all(after[way] == before[way] for way in ("spilled", "estimated", "split"))
        # Rows far beyond them take more time, and are as exact.
        far = 20 * rows
        (quantized,) = compiled.networks.values()
        integers = quantized.simulate(quantized.quantize_input(far)).output
        np.testing.assert_array_equal(compiled.predict(far, verbose=0), quantized.finish(integers))


def test_networks_of_earlier_releases(deep, rows):
    """Their layers may have windows, zero points and constants, which are computed as before."""
    quantized = quantize(deep, rows, goal=0)
    first, second = quantized.layers[:2]
    # A window of the first layer's outputs from 0 on, one above it, and a column that is 30000.
    step = 2.0**first.post_shift / first.post_scale
    offsets = [int(offset * step) for offset in window_offsets(2, 16, -(2**15))]
    bias = [first.bias.astype(np.int64) + offset for offset in offsets]
    doubled = dataclasses.replace(
        first,
        weights=np.hstack([first.weights, first.weights, np.zeros((20, 1), np.int16)]),
        bias=np.concatenate([*bias, [int(30000 * step)]]).astype(np.int32),
        prelu_scale=1,
        prelu_alpha=0,
    )
    assert np.abs(np.concatenate(bias)).max() < 2**31
    weights = second.weights.astype(np.int64)
    carried = second.bias + joining_offset(2, 16, -(2**15)) * weights.sum(axis=0)
    # What X cannot hold is carried by the constant.
    beyond = carried - np.clip(carried, -(2**31) + 2**16, 2**31 - 2**16)
    column = np.rint(beyond / 30000).astype(np.int64)
    left = carried - 30000 * column
    assert np.abs(column).max() < 2**15 and np.abs(left).max() < 2**31
    lower = np.vstack([weights, weights, column]).astype(np.int16)
    wide = dataclasses.replace(second, weights=lower, bias=left.astype(np.int32))
    summary = dataclasses.replace(
        quantized.summaries[0], zero_point=-(2**15), windows=2, constants=1, sums=None
    )
    old = dataclasses.replace(
        quantized,
        layers=(doubled, wide, *quantized.layers[2:]),
        summaries=(summary, *quantized.summaries[1:]),
    )
    integers = quantized.quantize_input(rows)
    trace, expected = old.simulate(integers), quantized.simulate(integers)
    assert abs(int(trace.layers[0].output[0, -1]) - 30000) <= 1
    values = summary.values(trace.layers[0].output) * summary.scale
    wanted = quantized.summaries[0].values(expected.layers[0].output) * summary.scale
    assert np.abs(values - wanted).max() <= 2
    noise = decibels_of(expected.output, trace.output)
    assert noise > 60
    with xfblas.open() as device:
        chain = Chain(device.compute_units[0], old)
        np.testing.assert_array_equal(chain.run(integers), trace.output)


def test_chains_of_one_model_keep_more_each(deep, rows):
    """Their errors add up: two of them leave 3 dB less than one."""
    alone, together = (quantize_and_check(deep, rows, chains=chains)[0] for chains in (1, 2))
    gained = decibels(deep, together, rows) - decibels(deep, alone, rows)
    assert 2 < gained < 4 and room(together) < room(alone)
