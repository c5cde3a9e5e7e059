"""What folds into what: the layers that remain, and slopes of slopes."""

import numpy as np
import pytest
from handmade import (
    assert_close,
    dense,
    kernel_of,
    layer,
    leaky,
    normalize,
    sequential,
    vector_of,
    write_named,
)
from hypothesis import given
from hypothesis import strategies as st

from xfblas.errors import UnsupportedModelError
from xfblas.graph import read_network


class Stack:
    """A random stack, built as a configuration, as weights, and as the oracle's function."""

    def __init__(self, seed, width):
        self.generator = np.random.default_rng(seed)
        self.width = width
        self.x = self.generator.standard_normal((9, width)).astype(np.float32)
        self.expected = self.x.astype(float)
        self.layers, self.stored = [], []

    def _name(self, kind):
        return f"{kind}_{len(self.layers)}"

    def dense(self, units):
        name = self._name("dense")
        kernel, bias = (
            kernel_of(self.generator, self.width, units),
            vector_of(self.generator, units),
        )
        self.layers.append(layer("Dense", name, units=units))
        self.stored.append((name, [(f"{name}/kernel:0", kernel), (f"{name}/bias:0", bias)]))
        self.expected = dense(self.expected, kernel, bias)
        self.width = units

    def normalize(self):
        name = self._name("bn")
        arrays = [vector_of(self.generator, self.width) for _ in range(3)]
        arrays.append(self.generator.uniform(0.5, 2, self.width).astype(np.float32))
        kinds = ("gamma", "beta", "moving_mean", "moving_variance")
        self.layers.append(layer("BatchNormalization", name, epsilon=1e-3))
        self.stored.append(
            (name, [(f"{name}/{k}:0", a) for k, a in zip(kinds, arrays, strict=True)])
        )
        self.expected = normalize(self.expected, *arrays)

    def slope(self, slope):
        self.layers.append(layer("LeakyReLU", self._name("slope"), alpha=slope))
        self.expected = leaky(self.expected, slope)

    def read(self, path, **options):
        first = layer("InputLayer", "input", batch_input_shape=[None, self.x.shape[1]])
        return read_network(write_named(path, self.stored, sequential(first, *self.layers)))


actions = st.lists(
    st.one_of(
        st.tuples(st.just("dense"), st.integers(1, 6)),
        st.tuples(st.just("normalize")),
        st.tuples(st.just("slope"), st.sampled_from([0.0, 0.25, 1.0, -0.5, 2.0])),
    ),
    max_size=9,
)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), actions)
def test_any_stack(tmp_path_factory, seed, width, chosen):
    stack = Stack(seed, width)
    for kind, *arguments in [*chosen, ("dense", 3)]:
        getattr(stack, kind)(*arguments)
    network = stack.read(tmp_path_factory.mktemp("stack") / "m.h5")
    found = network.forward(stack.x)
    # Sums may cancel, so the error is measured against the largest value on the way.
    largest = max(1.0, *(float(np.abs(out).max()) for out in network.layer_outputs(stack.x)))
    np.testing.assert_allclose(found, stack.expected, rtol=0, atol=1e-5 * largest)


@pytest.mark.parametrize(
    ("actions", "names"),
    [
        ("dense bn relu dense", ["dense_0", "dense_3"]),
        ("dense relu bn dense", ["dense_0", "dense_3"]),
        ("bn dense relu", ["dense_1"]),
        ("bn bn dense bn bn relu bn bn dense bn", ["dense_2", "dense_8"]),
        ("dense relu bn relu dense", ["dense_0", "bn_2", "dense_4"]),
        ("dense relu bn", ["dense_0", "bn_2"]),
        ("bn relu dense", ["bn_0", "dense_2"]),
        ("relu dense", ["slope_0", "dense_1"]),
        ("bn", ["bn_0"]),
    ],
)
def test_layers_that_remain(generator, tmp_path, actions, names):
    stack = Stack(1, 4)
    for action in actions.split():
        {
            "dense": lambda: stack.dense(4),
            "bn": stack.normalize,
            "relu": lambda: stack.slope(0.0),
        }[action]()
    if not stack.stored[0][0].startswith("dense"):
        stack.x = stack.x[:, : stack.x.shape[1]]
    network = stack.read(tmp_path / "m.h5")
    assert [layer.name for layer in network.layers] == names
    assert_close(network.forward(stack.x), stack.expected)


def test_diagonals_have_a_limit(tmp_path):
    stack = Stack(1, 5000)
    stack.normalize()
    stack.slope(0.0)
    with pytest.raises(UnsupportedModelError, match=r"diagonal layer of 5000 units, at most 4096"):
        stack.read(tmp_path / "m.h5")


def test_unstated_input_shapes(generator, tmp_path):
    kernel = kernel_of(generator, 6, 2)
    weights = [("d", [("d/kernel:0", kernel)])]
    flat = layer("Flatten", "f")
    last = layer("Dense", "d", units=2, use_bias=False)
    path = write_named(tmp_path / "m.h5", weights, sequential(flat, last))
    assert read_network(path).input_shape == (6,)
    path = write_named(tmp_path / "n.h5", weights, sequential(layer("ReLU", "r"), last))
    with pytest.raises(UnsupportedModelError, match=r"r \(ReLU\): it comes first"):
        read_network(path)
    built = sequential(layer("ReLU", "r"), last)
    built["config"]["build_input_shape"] = [None, 6]
    assert len(read_network(write_named(tmp_path / "n.h5", weights, built)).layers) == 2
    bug = layer("InputLayer", "i", batch_shape=[None, None, 6])
    path = write_named(tmp_path / "o.h5", weights, sequential(bug, last))
    with pytest.raises(UnsupportedModelError, match=r"d \(Dense\): its input has .* \(None, 6\)"):
        read_network(path)
    image = layer("InputLayer", "i", batch_shape=[None, 2, 3])
    path = write_named(tmp_path / "p.h5", weights, sequential(image, last))
    with pytest.raises(UnsupportedModelError, match="expected flat rows: use Flatten"):
        read_network(path)
    path = write_named(tmp_path / "q.h5", weights, sequential(image, flat, last))
    network = read_network(path)
    assert network.input_shape == (2, 3)
    x = generator.standard_normal((4, 2, 3))
    assert_close(network.forward(x), dense(x.reshape(4, 6), kernel))


def test_slopes_that_a_configuration_leaves_out(generator, tmp_path):
    """The layer LeakyReLU has a slope of 0.3, the function leaky_relu one of 0.2."""
    kernel = kernel_of(generator, 3, 3)
    weights = [("d", [("d/kernel:0", kernel)])]
    for entry, slope in (
        (layer("LeakyReLU", "a"), 0.3),
        (layer("Activation", "a", activation="leaky_relu"), 0.2),
        (layer("ReLU", "a"), 0.0),
        (layer("Activation", "a"), 1.0),
    ):
        config = sequential(layer("Dense", "d", units=3, use_bias=False), entry)
        network = read_network(write_named(tmp_path / "m.h5", weights, config))
        assert network.layers[0].negative_slope == slope


def test_an_activation_given_as_a_layer_is_part_of_its_own(generator, tmp_path):
    weights = [("d", [("d/kernel:0", kernel_of(generator, 3, 3))])]
    slope = {"class_name": "LeakyReLU", "config": {"alpha": 0.25}}
    config = sequential(layer("Dense", "d", units=3, use_bias=False, activation=slope))
    (found,) = read_network(write_named(tmp_path / "m.h5", weights, config)).layers
    assert (found.output, found.negative_slope, found.folded) == ("d", 0.25, ())


def test_constants_tell_open_shapes(generator, tmp_path):
    """Of a width that no layer of the file states, such as that of rows which Flatten made."""
    for units, shape, before in ((1, None, []), (6, [None, None, 3], [layer("Flatten", "f")])):
        arrays = [vector_of(generator, units) for _ in range(3)] + [np.full(units, 0.5, np.float32)]
        kinds = ("gamma", "beta", "moving_mean", "moving_variance")
        weights = [("b", [(f"b/{k}:0", a) for k, a in zip(kinds, arrays, strict=True)])]
        start = [] if shape is None else [layer("InputLayer", "i", batch_input_shape=shape)]
        config = sequential(*start, *before, layer("BatchNormalization", "b", epsilon=1e-3))
        network = read_network(write_named(tmp_path / "m.h5", weights, config))
        assert network.input_shape == (units,)
        x = generator.standard_normal((4, units))
        assert_close(network.forward(x), normalize(x, *arrays))
