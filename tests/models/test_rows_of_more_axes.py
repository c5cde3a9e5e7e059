"""Dense layers on rows of more than one axis, and whatever may come after them."""

import numpy as np
import pytest
from formats import assert_close, check, kinds, predicted, shake
from handmade import layer, sequential, write_named

import xfblas
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import read_graph, read_network

pytestmark = pytest.mark.filterwarnings("ignore")

#: Shape of a row, and what follows the input.
STACKS = {
    "flatten": ((2, 1), lambda L: [L.Dense(2), L.Flatten(), L.Dense(1)]),
    "reshape": ((2, 1), lambda L: [L.Dense(2), L.Reshape((4,)), L.Dense(1)]),
    "reshape_open": ((2, 3), lambda L: [L.Dense(4), L.Reshape((-1, 2)), L.Dense(3, "relu")]),
    "reshape_twice": (
        (2, 3),
        lambda L: [L.Dense(4), L.Reshape((4, 2)), L.Dense(3), L.Reshape((2, 6)), L.Dense(2)],
    ),
    "normalization": ((3, 2), lambda L: [L.Dense(4), L.BatchNormalization(), L.Dense(2)]),
    "normalization_of_rows": (
        (3, 2),
        lambda L: [L.Dense(3), L.BatchNormalization(axis=1), L.Flatten(), L.Dense(2)],
    ),
    "normalization_flat": (
        (3, 2),
        lambda L: [L.Dense(4, "relu"), L.Flatten(), L.BatchNormalization(), L.Dense(2)],
    ),
    "activations": (
        (2, 2, 2),
        lambda L: [L.Dense(3, "tanh"), L.Dense(2, "softmax"), L.Flatten(), L.Dense(2, "sigmoid")],
    ),
    "softmax_of_rows": ((3, 2), lambda L: [L.Dense(4), L.Softmax(axis=1), L.Flatten(), L.Dense(2)]),
    "slopes": ((3, 2), lambda L: [L.Dense(4), L.PReLU(), L.Flatten(), L.LeakyReLU(), L.Dense(2)]),
    "permuted": ((3, 2), lambda L: [L.Dense(4), L.Permute((2, 1)), L.Dense(2), L.Flatten()]),
    "pooled": (
        (4, 3),
        lambda L: [L.Dense(5, "relu"), L.GlobalAveragePooling1D(), L.Dense(2, "softmax")],
    ),
    "timed": ((3, 2), lambda L: [L.TimeDistributed(L.Dense(4, "relu")), L.Flatten(), L.Dense(2)]),
    "rescaled": ((3, 2), lambda L: [L.Dense(4), L.Rescaling(0.5, 1.0), L.Flatten(), L.Dense(2)]),
    "row_normalized": ((3, 2), lambda L: [L.Dense(4), L.LayerNormalization(), L.Flatten()]),
    "repeated": (
        (3,),
        lambda L: [L.Dense(4), L.RepeatVector(2), L.Dense(3), L.Flatten(), L.Dense(2)],
    ),
    "flat_first": (
        (2, 3),
        lambda L: [L.Flatten(), L.Dense(6), L.Reshape((3, 2)), L.Dense(2), L.Flatten(), L.Dense(1)],
    ),
    "dropped": ((2, 1), lambda L: [L.Dropout(0.5), L.Dense(2), L.Dropout(0.5), L.Flatten()]),
    "same_width": ((2, 2), lambda L: [L.Dense(2), L.Flatten(), L.Dense(4), L.Reshape((2, 2))]),
}


@pytest.mark.sampled("[False")
@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("is_functional", [False, True])
def test_stacks(keras, tmp_path, generator, name, is_functional):
    shape, layers = STACKS[name]
    start = keras.Input(shape)
    model = keras.Sequential([start, *layers(keras.layers)])
    if is_functional:
        model = keras.Model(start, model(start))
    check(model, tmp_path, generator)


@pytest.mark.parametrize("name", ["flatten", "reshape", "normalization", "timed", "flat_first"])
@pytest.mark.parametrize(("bits", "least"), [(16, 2e-3), (8, 0.2)])
def test_they_are_compiled(keras, generator, name, bits, least):
    shape, layers = STACKS[name]
    model = shake(keras.Sequential([keras.Input(shape), *layers(keras.layers)]), generator)
    x = generator.normal(0, 1, (300, *shape)).astype(np.float32)
    expected = predicted(model, [x])[0]
    with xfblas.compile(model, x, bits=bits) as compiled:
        found = compiled.predict(x, verbose=0)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < least * np.abs(expected).max()


def test_a_wrapped_layer_has_the_name_of_another(keras, tmp_path, generator):
    """Within a nested model, whose weights HDF5 keeps in one group by their names."""
    L = keras.layers
    stack = [L.TimeDistributed(L.Dense(3, name="d")), L.Dense(3, name="d"), L.Flatten()]
    inner = keras.Sequential([keras.Input((2, 3)), *stack], name="inner")
    start = keras.Input((2, 3))
    model = shake(keras.Model(start, L.Dense(2)(inner(start))), generator)
    model.save(tmp_path / "m.h5")
    x = generator.normal(0, 1, (5, 2, 3)).astype(np.float32)
    assert_close(read_graph(tmp_path / "m.h5").forward([x])[0], predicted(model, [x])[0])


def random_layer(L, generator, shape):
    """A layer that such a row fits, as often as not a dense one."""
    rank, size = len(shape), int(np.prod(shape))
    parts = [part for part in range(1, size + 1) if size % part == 0]
    part = int(generator.choice(parts))
    axis = int(generator.integers(1, rank + 1))
    units, activation = int(generator.integers(1, 5)), str(generator.choice(ACTIVATIONS))
    choices = [
        lambda: L.Flatten(),
        lambda: L.Reshape((part, size // part)),
        lambda: L.Reshape((-1, part)),
        lambda: L.Reshape((size,)),
        lambda: L.BatchNormalization(axis=axis),
        lambda: L.Permute(tuple(int(a) + 1 for a in generator.permutation(rank))),
        lambda: L.Softmax(axis=axis),
        lambda: L.LayerNormalization(axis=axis),
        lambda: L.PReLU(shared_axes=[axis]),
        lambda: L.Activation(activation),
        lambda: L.Rescaling(0.5, 0.25),
        lambda: L.Dropout(0.5),
    ]
    if generator.random() < 0.4:
        return L.Dense(units, activation=activation, use_bias=bool(generator.integers(0, 2)))
    return choices[int(generator.integers(len(choices)))]()


ACTIVATIONS = ("linear", "relu", "tanh", "softmax", "leaky_relu", "elu")


@pytest.mark.parametrize("seed", range(25))
def test_random_models(keras, seed):
    generator = np.random.default_rng(seed)
    start = keras.Input(tuple(int(size) for size in generator.integers(1, 4, 2)))
    tensor = keras.layers.Dense(2)(start)
    for _ in range(int(generator.integers(2, 8))):
        tensor = random_layer(keras.layers, generator, tensor.shape[1:])(tensor)
    model = shake(keras.Model(start, keras.layers.Dense(2)(tensor)), generator)
    x = generator.normal(0, 1, (5, *start.shape[1:])).astype(np.float32)
    assert_close(read_graph(model).forward([x])[0], predicted(model, [x])[0])


def test_what_a_chain_cannot_do_is_said_once(keras):
    """And not what the shapes that it then takes for granted seem to make wrong."""
    L = keras.layers
    stack = [keras.Input((2, 1)), L.Dense(2, name="d"), L.Flatten(), L.Dense(1)]
    model = keras.Sequential(stack)
    with pytest.raises(UnsupportedModelError) as caught:
        read_network(model)
    assert str(caught.value).splitlines()[1:] == [
        "  d (Dense): its input has rows of shape (2, 1), expected flat rows: use Flatten"
    ]
    assert kinds(read_graph(model)) == ["engine", "reshape", "engine"]


def test_weights_that_do_not_fit_are_still_an_error(tmp_path):
    kernels = {"a": np.ones((1, 2)), "b": np.ones((5, 1))}
    weights = [
        (name, [(f"{name}/kernel:0", kernel.astype(np.float32))])
        for name, kernel in kernels.items()
    ]
    dense = [layer("Dense", n, units=u, use_bias=False) for n, u in (("a", 2), ("b", 1))]
    dense[0]["config"]["batch_input_shape"] = [None, 2, 1]
    config = sequential(dense[0], layer("Flatten", "f"), dense[1])
    path = write_named(tmp_path / "m.h5", weights, config)
    for read in (read_graph, read_network):
        with pytest.raises((InvalidValueError, UnsupportedModelError)) as caught:
            read(path)
        wanted = r"kernel has shape (5, 1), expected (4, 1)"
        assert wanted in str(caught.value) or "expected flat rows" in str(caught.value)
    with pytest.raises(InvalidValueError, match=r"b \(Dense\): kernel has shape \(5, 1\)"):
        read_graph(path)
