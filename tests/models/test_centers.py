"""Means that are large against deviations: taken away in double, before anything is rounded."""

import dataclasses

import numpy as np
import pytest
from centered_models import CHAINS, Stack, decibels, features
from hypothesis import given
from hypothesis import strategies as st

from xfblas.errors import InvalidValueError
from xfblas.graph import FoldedLayer, Network, read_graph, read_network
from xfblas.layers.affine import Affine

constants = st.one_of(
    st.just(0.0), st.integers(-999, 999).map(lambda n: n / 100), st.sampled_from([1e6, -3e8, 1e-6])
)
affines = st.lists(st.tuples(constants, constants, constants), min_size=1, max_size=5)


@given(affines, st.integers(-(10**9), 10**9))
def test_any_composition(chosen, x):
    """Against long doubles, relative to the largest number on the way."""
    value, size, composed = np.longdouble(x), abs(x), None
    for scale, center, shift in chosen:
        value = (value - center) * scale + shift
        size = (size + abs(center)) * abs(scale) + abs(shift)
        one = Affine(*map(np.asarray, (scale, center, shift)))
        composed = one if composed is None else composed.then(one)
    found = (x - composed.center) * composed.scale + composed.shift
    assert abs(found - value) <= 1e-13 * size
    assert all(np.isfinite(part) for part in (composed.center, composed.shift))


def test_what_follows_a_center_leaves_it_as_it_is():
    """Only what the last one adds is a shift, and a scale of 0 loses no constant."""
    mean = np.array([20240131.0, 1.7e9, 0.0])
    first = Affine(np.array([1 / 300, 1e-7, 0.0]), mean, np.zeros(3))
    second = first.then(Affine(np.float64(2), np.float64(0), np.float64(-1)))
    assert (second.center == mean).all() and second.shift.tolist() == [-1, -1, -1]
    third = Affine(np.zeros(2), np.zeros(2), np.array([5.0, 5.0])).then(
        Affine(np.array([2.0, 0.0]), np.array([1.0, 1.0]), np.array([3.0, 3.0]))
    )
    assert ((7 - third.center) * third.scale + third.shift).tolist() == [11, 3]


@pytest.mark.parametrize("actions", CHAINS)
@pytest.mark.parametrize("ratio", [1, 1e3, 1e6])
def test_chains_of_files(generator, tmp_path, actions, ratio):
    stack = Stack(generator, features(generator, ratio)).build(actions)
    network = read_network(stack.write(tmp_path / "m.h5"))
    assert decibels(stack.values, network.forward(stack.rows)) > 110


def test_inputs_that_a_normalization_after_the_first_layer_tells(generator, tmp_path):
    """As many sums as inputs tell these; fewer do not, and neither do small biases."""
    rows = features(generator, 1e4)
    found = []
    for actions in ("dense batch relu dense", "narrow batch relu dense", "dense relu dense"):
        stack = Stack(generator, rows).build(actions)
        found.append(read_network(stack.write(tmp_path / "m.h5")))
    deviation = rows.astype(np.float64).std(axis=0)
    missed = np.abs(found[0].center - rows.mean(axis=0, dtype=np.float64)) / deviation
    assert (missed < 100).all()  # Of 10,000.
    assert isinstance(found[0].layers[0], FoldedLayer)
    assert found[1].center is None and found[2].center is None
    plain = Stack(generator, features(generator, 1)).build("dense batch relu dense")
    assert read_network(plain.write(tmp_path / "m.h5")).center is None


def functional(keras, kind, mean, deviation):
    """(model, float64 function) of rows (m, 6, 2) or (m, 12); a Dense of 3 outputs is last."""
    L, ops = keras.layers, keras.ops
    last = L.Dense(3)
    c, s = (np.float32(values) for values in (mean, deviation))
    wide, scaled = c.astype(float), s.astype(float)
    image = c.reshape(6, 2)
    flat, grid = keras.Input((12,)), keras.Input((6, 2))

    def normalization(m, d, **settings):
        return L.Normalization(mean=m, variance=np.float32(d) ** 2, **settings)

    def by(m, d):
        variance = (np.float32(d) ** 2).astype(float)
        return lambda x: (x - np.asarray(m, float)) / np.sqrt(variance)

    if kind == "subtract and divide":
        return flat, last((flat - c) / s), last, lambda x: (x - wide) / scaled
    if kind == "subtract from":
        return flat, last(ops.subtract(c, flat) * (1 / s)), last, lambda x: (wide - x) * (1 / s)
    if kind == "subtract alone":
        return flat, last(flat - c), last, lambda x: x - wide
    if kind == "add":
        return flat, last(flat + -c), last, lambda x: x - wide
    if kind == "axis in the middle":
        m, d = image[:, 0], s.reshape(6, 2)[:, 0]
        tensor = L.Flatten()(normalization(m, d, axis=1)(grid))
        return grid, last(tensor), last, lambda x: by(m[:, None], d[:, None])(x).reshape(-1, 12)
    if kind == "layout between":
        tensor = L.Permute((2, 1))(L.Rescaling(1 / 255)(grid))
        m, d = (np.float32(v.reshape(6, 2).T.reshape(-1) / 255) for v in (wide, scaled))
        tensor = normalization(m, d)(L.Flatten()(tensor))
        swapped = lambda x: (x * (1 / 255)).transpose(0, 2, 1).reshape(-1, 12)  # noqa: E731
        return grid, last(tensor), last, lambda x: by(m, d)(swapped(x))
    if kind == "two branches":
        tensor = L.Rescaling(1e-3)(flat)
        m, d = np.float32(wide * 1e-3), np.float32(scaled * 1e-3)
        one, other = normalization(m, d)(tensor), normalization(2 * m, d)(tensor)
        return (
            flat,
            last(L.Subtract()([one, other])),
            last,
            lambda x: by(m, d)(x * 1e-3) - by(2 * m, d)(x * 1e-3),
        )
    if kind == "pooled":
        m, d = np.float32(wide.reshape(6, 2).mean(0)), np.float32(scaled.reshape(6, 2).max(0))
        tensor = normalization(m, d)(L.GlobalAveragePooling1D()(grid))
        return grid, last(tensor), last, lambda x: by(m, d)(x.mean(axis=1))
    if kind == "summed":
        m, d = np.float32(2.5 * wide), s
        tensor = normalization(m, d)(L.Add()([flat, L.Rescaling(1.5)(flat)]))
        return flat, last(tensor), last, lambda x: by(m, d)(2.5 * x)
    assert kind == "concatenated"
    m, d = (
        np.float32(np.concatenate([wide, wide / 255])),
        np.float32(np.concatenate([scaled, scaled / 255])),
    )
    tensor = normalization(m, d)(L.Concatenate()([flat, L.Rescaling(1 / 255)(flat)]))
    return flat, last(tensor), last, lambda x: by(m, d)(np.hstack([x, x * (1 / 255)]))


KINDS = (
    *("subtract and divide", "subtract from", "subtract alone", "add", "axis in the middle"),
    *("layout between", "two branches", "pooled", "summed", "concatenated"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_graphs_of_live_models(keras, generator, tmp_path, kind):
    deviation = 10.0 ** generator.uniform(-1, 1, 12)
    mean = 1e6 * deviation * generator.choice([-1, 1], 12)
    if kind in ("axis in the middle", "pooled"):
        # What is normalized together, or added up, lies together.
        mean, deviation = np.repeat(mean[:6], 2), np.repeat(deviation[:6], 2)
        mean = mean if kind == "axis in the middle" else mean.reshape(6, 2)[[0] * 6].reshape(-1)
    given, found, last, oracle = functional(keras, kind, mean, deviation)
    model = keras.Model(given, found)
    rows = (mean + deviation * generator.standard_normal((300, 12))).astype(np.float32)
    rows = rows.reshape(-1, *given.shape[1:])
    kernel, bias = (np.float64(values) for values in last.get_weights())
    expected = oracle(rows.astype(np.float64)) @ kernel + bias
    model.save(tmp_path / "m.keras")
    for source in (model, tmp_path / "m.keras"):
        assert decibels(expected, read_graph(source).forward(rows)[0]) > 100


def test_steps_of_the_host_stay_in_float32_where_nothing_is_taken_away(keras):
    L = keras.layers
    given = keras.Input((4, 3))
    pooled = L.GlobalAveragePooling1D()(L.Rescaling(0.1)(given))
    graph = read_graph(keras.Model(given, L.Dense(2)(L.Concatenate()([pooled, pooled]))))
    tensors = graph.run([np.ones((5, 4, 3), np.float32)])
    assert all(values.dtype == np.float32 for values in tensors.values())


def test_centers_are_checked():
    kernel, bias = np.ones((3, 2)), np.zeros(2)
    layer = FoldedLayer("d", kernel, bias, "linear", 1.0)
    for center in (np.zeros(2), np.array([1.0, np.nan, 0.0])):
        with pytest.raises(InvalidValueError, match="center of network n has shape"):
            Network("n", (layer,), "linear", (3,), center=center)
    network = Network("n", (layer,), "linear", (3,), center=np.zeros(3))
    assert network.center is None and network.without_center() is network
    moved = dataclasses.replace(network, center=np.array([1.0, 2.0, 3.0]))
    assert moved.forward(np.array([[1.0, 2.0, 4.0]])).tolist() == [[1, 1]]
    assert moved.without_center().layers[0].bias.tolist() == [-6, -6]


def test_a_center_in_a_bias_of_float32_loses_what_a_center_keeps(generator, tmp_path):
    stack = Stack(generator, features(generator, 1e6)).build("normalize dense")
    network = read_network(stack.write(tmp_path / "m.h5"))
    for chosen, low, high in ((network, 110, np.inf), (network.without_center(), 0, 50)):
        assert low < decibels(stack.values, chosen.forward(stack.rows)) < high
