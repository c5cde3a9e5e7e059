"""Every activation that Keras names, in the middle of a model, last in it, and by a layer."""

import numpy as np
import pytest
from formats import assert_close, check, kinds

from xfblas.errors import UnsupportedModelError
from xfblas.graph import read_graph
from xfblas.layers.activations import SYNONYMS

pytestmark = pytest.mark.filterwarnings("ignore")

#: Those that the engine computes itself.
ENGINE = ("linear", "relu", "leaky_relu")


def names_of(keras):
    """All names of Keras' own list; threshold cannot be called without its settings."""
    from keras.src import activations

    return sorted(set(activations.ALL_OBJECTS_DICT) - {"threshold", "glu"})


def test_every_name_in_one_model(keras, tmp_path, generator):
    """As a layer's argument, in the middle; and as a layer of its own, last."""
    L = keras.layers
    start = L.Input((6,))
    names = names_of(keras)
    assert len(names) >= 30
    middle = [L.Dense(4)(L.Dense(6, name, name=f"{name}_inside")(start)) for name in names]
    last = [L.Activation(name, name=f"{name}_last")(start) for name in names]
    graph = check(keras.Model(start, [*middle, *last]), tmp_path, generator)
    host = {step.name for step in graph.steps if hasattr(step, "function")}
    for name in names:
        assert (f"{name}_inside" in " ".join(host)) == (name not in ENGINE)


def test_every_name_last_in_a_chain(keras, tmp_path, generator):
    """The fast path: one network, whose output activation it is."""
    L = keras.layers
    for name in names_of(keras):
        model = keras.Sequential([L.Input((3,)), L.Dense(4, "relu"), L.Dense(4, name)])
        network = read_graph(model).as_network()
        assert len(network.layers) == 2, name
        assert network.output_activation == SYNONYMS.get(name, name) or name in ENGINE


@pytest.mark.parametrize("name", ["tanh", "gelu", "hard_sigmoid"])
def test_a_few_in_every_format(keras, tmp_path, generator, name):
    L = keras.layers
    layers = [L.Input((3,)), L.Dense(4, name), L.Dense(5, "relu"), L.Dense(4, name)]
    graph = check(keras.Sequential(layers), tmp_path, generator)
    assert kinds(graph) == ["engine", name, "engine", name]


def test_glu_halves_the_row(keras, generator):
    """Keras' own shapes do not tell; what it predicts does."""
    L = keras.layers
    model = keras.Sequential([L.Input((3,)), L.Dense(6, "glu")])
    x = generator.random((5, 3), np.float32)
    graph = read_graph(model)
    assert_close(graph.forward(x)[0], model.predict(x, verbose=0))
    assert graph.as_network() is None and graph.outputs[0].shape == (3,)


def test_layers_as_activations(keras, tmp_path, generator):
    L = keras.layers
    arguments = [L.LeakyReLU(0.05), L.ReLU(max_value=2), L.Softmax(), L.ELU(0.3)]
    start = L.Input((5,))
    tensor = start
    for layer in arguments:
        tensor = L.Dense(5, activation=layer)(tensor)
    graph = check(keras.Model(start, tensor), tmp_path, generator)
    assert kinds(graph) == ["engine", "relu", "engine", "softmax", "engine", "elu"]


def test_activations_of_their_own_code(keras):
    L = keras.layers
    model = keras.Sequential([L.Input((3,)), L.Dense(2, lambda x: x), L.Dense(2, "tanh")])
    with pytest.raises(UnsupportedModelError, match="not one that can be computed here"):
        read_graph(model)
