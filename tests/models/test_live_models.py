"""What a model in memory tells and its configuration does not; numbers as Keras 2.12 has them."""

import re

import numpy as np
import pytest

from xfblas.errors import UnsupportedModelError
from xfblas.graph import read_graph
from xfblas.layers.settings import number


def problems_of(model):
    """The lines of the error, by layer."""
    with pytest.raises(UnsupportedModelError) as caught:
        read_graph(model)
    return dict(re.findall(r"^  (\S+) \(\w+\): (.*)$", str(caught.value), re.MULTILINE))


def test_function_with_the_name_of_another(keras):
    def relu(x):
        return 2 * x

    layers = keras.layers
    inner = keras.Sequential([layers.Dense(3, activation=relu, name="own")], name="inner")
    last = layers.Dense(2, activation=keras.activations.relu)
    model = keras.Sequential([keras.Input((5, 4)), inner, layers.LSTM(2, name="lstm"), last])
    found = problems_of(model)
    assert found["inner/own"].startswith("activation 'relu' is not one that can be computed here")
    assert sorted(found) == ["inner/own", "lstm"]


def test_class_with_the_name_of_another(keras, monkeypatch):
    class Dense(keras.layers.Dense):
        def call(self, x):
            return 2 * super().call(x)

    # Configurations of Keras 2.12 say nothing of where a class comes from.
    monkeypatch.setattr("xfblas.keras_files.model_tree.is_of_keras", lambda entry: True)
    model = keras.Sequential([keras.Input((4,)), Dense(3, name="own")])
    assert problems_of(model)["own"].startswith("is of a class of its own")


def test_layers_as_activations_are_keras_own(keras):
    layer = keras.layers.Dense(3, activation=keras.layers.LeakyReLU(negative_slope=0.1))
    graph = read_graph(keras.Sequential([keras.Input((4,)), layer]))
    assert graph.engine_steps[0].network.layers[0].negative_slope == pytest.approx(0.1)


@pytest.mark.parametrize("value", [np.array(0.25, np.float32), np.float32(0.25), 0.25])
def test_numbers_of_numpy(value):
    assert number(value, None) == 0.25


def test_arrays_are_no_numbers():
    with pytest.raises(Exception, match="where a number is expected"):
        number(np.zeros(2), None)
