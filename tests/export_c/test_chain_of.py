"""What export-c says of models that a Zynq's kernel does not run by itself."""

import numpy as np
import projects
import pytest

import xfblas
from xfblas.errors import UnsupportedModelError
from xfblas.export_c.chain_of import chain_of_graph
from xfblas.graph import EngineStep, HostStep, ModelGraph, TensorSpec

pytestmark = pytest.mark.native


def side(function, inputs, name, **attributes):
    """A step of the host."""
    return HostStep(name, inputs, name, function, attributes, {}, f"the engine has no {function}")


def chain(name, given, found, sizes=(7, 5)):
    return EngineStep(name, given, found, projects.network(0, sizes, output="linear"), "layers")


X, Y = TensorSpec("x", (7,)), TensorSpec("y", (5,))


@pytest.mark.parametrize(
    "inputs, outputs, steps, words",
    [
        ((X,), (Y,),
         [chain("a", "x", "t"), side("tanh", ("t",), "u"), chain("b", "u", "y", (5, 5))],
         [r"on the host it has u \(tanh: the engine has no tanh\)", "2 chains, from a, b"]),
        ((X,), (Y,), [chain("a", "x", "t"), chain("b", "x", "u"), side("add", ("t", "u"), "y")],
         [r"y \(add: the engine has no add\)", "2 chains, from a, b"]),
        ((X, TensorSpec("z", (7,))), (Y,),
         [chain("a", "x", "t"), chain("b", "z", "u"), side("add", ("t", "u"), "y")],
         [r"it has 2 inputs \(x, z\)"]),
        ((X,), (Y, TensorSpec("z", (5,))), [chain("a", "x", "y"), chain("b", "x", "z")],
         [r"it has 2 outputs \(y, z\)"]),
        ((TensorSpec("x", (None, 7)),), (Y,), [chain("a", "x", "y")],
         [r"layer a computes each position of rows of shape \(None, 7\), expected rows of 7"]),
    ],
)  # fmt: skip
def test_what_is_no_chain_is_named(inputs, outputs, steps, words):
    graph = ModelGraph("m", inputs, outputs, tuple(steps))
    for text in (*words, "board's own processor, with xfblas installed there"):
        with pytest.raises(UnsupportedModelError, match=text):
            chain_of_graph(graph, {}, {})


def test_layers_of_feature_maps_are_named(keras, tmp_path):
    layers = [keras.layers.Conv2D(2, 3, name="c"), keras.layers.MaxPooling2D(name="pool")]
    layers += [keras.layers.Flatten(name="flat"), keras.layers.Dense(3, name="last")]
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
    with (
        xfblas.compile(model, np.random.default_rng(0).normal(size=(8, 6, 6, 1))) as compiled,
        pytest.raises(UnsupportedModelError, match=r"feature maps .* \(c, pool, flat, last\)"),
    ):
        xfblas.write_c_project(compiled, tmp_path / "x")
